import { runPolicyTests } from '#policy/cases.ts';
import { policySet } from '#policy/set.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { printCases } from '../terminal/cases.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { policySources } from './sources.ts';

export async function runTest(
  { options, operands, home }: Input<{ readonly json: Flag }>,
  terminal: Terminal,
): Promise<Exit> {
  const now = Date.now();
  const set = policySet(policySources(operands, home), now);
  const cases = runPolicyTests(set, now);
  const failed = cases.filter(({ passed }) => !passed).length;
  if (options.json) terminal.printJson({ setId: set.id, passed: cases.length - failed, failed, cases });
  else printCases(cases, ({ policy }) => policy, terminal);
  if (cases.length === 0 && !options.json)
    terminal.note(terminal.noteStyle.warn('no policy has a case; add `spec.tests` beside its rules'));
  return failed === 0 ? 'ok' : 'no';
}
