import { formatProblems } from '#document/problem.ts';
import { policySet } from '#policy/set.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { policySources } from './sources.ts';

const columns = [
  { title: 'PRIORITY', align: 'right' },
  { title: 'POLICY', shrinkTo: 12 },
  { title: 'EFFECT' },
  { title: 'MODE' },
  { title: 'CASES', align: 'right' },
  { title: 'FILE', shrinkTo: 16 },
] as const;

/** Policies by priority, as they would be asked. */
export async function runCheck(
  { options, operands, home }: Input<{ readonly json: Flag }>,
  terminal: Terminal,
): Promise<Exit> {
  const set = policySet(policySources(operands, home), Date.now());
  const policies = set.documents.map(({ file, content: { metadata, spec } }) => ({
    name: metadata.name,
    priority: spec.priority,
    effect: spec.effect,
    mode: spec.mode ?? 'enforce',
    cases: spec.tests?.length ?? 0,
    file,
  }));
  if (options.json) {
    terminal.printJson({ setId: set.id, policies, warnings: set.warnings });
    return 'ok';
  }
  if (set.warnings.length > 0) terminal.note(terminal.noteStyle.warn(formatProblems(set.warnings)));
  const rows = policies.map((each) => [
    String(each.priority),
    each.name,
    each.effect,
    each.mode,
    String(each.cases),
    plain(each.file),
  ]);
  terminal.print(table(columns, rows, terminal.columns, terminal.style));
  terminal.print(terminal.style.dim(`set ${set.id}`));
  return 'ok';
}
