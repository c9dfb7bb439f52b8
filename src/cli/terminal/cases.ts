import { formatProblems, type Problem } from '#document/problem.ts';
import { plain } from './plain.ts';
import type { Terminal } from './terminal.ts';

/** A case that stands beside a document, and what came out. */
interface Case {
  readonly name: string;
  readonly passed: boolean;
  readonly outcome: string;
  readonly problem?: Problem;
}

/** Each case with the name of its document, and how many there are of either kind. */
export function printCases<Each extends Case>(
  cases: readonly Each[],
  of: (each: Each) => string,
  terminal: Terminal,
): void {
  const { style } = terminal;
  for (const each of cases) {
    const mark = each.passed ? style.good('pass') : style.bad('FAIL');
    terminal.print(`${mark}  ${of(each)}: ${plain(each.name)}  ${style.dim(each.outcome)}`);
    if (each.problem !== undefined) terminal.print(`      ${formatProblems([each.problem])}`);
  }
  const failed = cases.filter(({ passed }) => !passed).length;
  const total = `${cases.length - failed} passed, ${failed} failed`;
  terminal.print(failed === 0 ? style.good(total) : style.bad(total));
}
