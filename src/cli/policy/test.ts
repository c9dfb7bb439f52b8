import { formatProblems } from '#document/problem.ts';
import { type CaseResult, runPolicyTests } from '#policy/cases.ts';
import { policySet } from '#policy/set.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
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
  else printCases(cases, failed, terminal);
  return failed === 0 ? 'ok' : 'no';
}

function printCases(cases: readonly CaseResult[], failed: number, terminal: Terminal): void {
  const { style } = terminal;
  for (const each of cases) {
    const mark = each.passed ? style.good('pass') : style.bad('FAIL');
    terminal.print(`${mark}  ${each.policy}: ${plain(each.name)}  ${style.dim(each.outcome)}`);
    if (each.problem !== undefined) terminal.print(`      ${formatProblems([each.problem])}`);
  }
  const total = `${cases.length - failed} passed, ${failed} failed`;
  terminal.print(failed === 0 ? style.good(total) : style.bad(total));
  if (cases.length === 0)
    terminal.note(terminal.noteStyle.warn('no policy has a case; add `spec.tests` beside its rules'));
}
