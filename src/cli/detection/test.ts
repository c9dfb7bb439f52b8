import { type RuleCaseResult, runRuleTests } from '#detection/cases.ts';
import { ruleSet } from '#detection/rule-set.ts';
import { formatProblems } from '#document/problem.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
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
  else printCases(cases, failed, terminal);
  for (const name of rules.filter((each) => !cases.some(({ rule }) => rule === each)))
    terminal.note(terminal.noteStyle.warn(`${name} has no case; add \`spec.tests\` beside it`));
  return failed === 0 ? 'ok' : 'no';
}

function printCases(cases: readonly RuleCaseResult[], failed: number, terminal: Terminal): void {
  const { style } = terminal;
  for (const each of cases) {
    const mark = each.passed ? style.good('pass') : style.bad('FAIL');
    terminal.print(`${mark}  ${each.rule}: ${plain(each.name)}  ${style.dim(each.outcome)}`);
    if (each.problem !== undefined) terminal.print(`      ${formatProblems([each.problem])}`);
  }
  const total = `${cases.length - failed} passed, ${failed} failed`;
  terminal.print(failed === 0 ? style.good(total) : style.bad(total));
}
