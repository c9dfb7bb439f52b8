import { runRuleTests } from '#detection/cases.ts';
import { ruleSet } from '#detection/rule-set.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { printCases } from '../terminal/cases.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { ruleSources } from './sources.ts';

export async function runTest(
  { options, operands, home }: Input<{ readonly json: Flag }>,
  terminal: Terminal,
): Promise<Exit> {
  const set = ruleSet(ruleSources(operands, home));
  const cases = runRuleTests(set.documents);
  const failed = cases.filter(({ passed }) => !passed).length;
  const rules = set.documents.map(({ content }) => content.metadata.name);
  if (options.json) terminal.printJson({ setId: set.id, rules, passed: cases.length - failed, failed, cases });
  else printCases(cases, ({ rule }) => rule, terminal);
  for (const name of rules.filter((each) => !cases.some(({ rule }) => rule === each)))
    terminal.note(terminal.noteStyle.warn(`${name} has no case; add \`spec.tests\` beside it`));
  return failed === 0 ? 'ok' : 'no';
}
