import type { Entry } from '#audit/entry.ts';
import type { Finding } from '#issuance/replay/finding.ts';
import { type KindName, kinds } from '#issuance/replay/kinds.ts';
import { Replay } from '#issuance/replay/replay.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { moment, whole } from './filters.ts';
import type { replayOptions } from './replay-options.ts';
import { type Gap, walkVerified } from './replayed-log.ts';

type ReplayInput = Input<typeof replayOptions>;

/** What is looked at: RFC 3339 with ms, as entries have it, both included. */
export interface Period {
  readonly since: string;
  readonly until: string;
}

export const mostListed = 100_000;
export const listedOf = (options: ReplayInput['options']): number =>
  whole(options.limit ?? '1000', '--limit', 1, mostListed);

export async function runReplay(input: ReplayInput, terminal: Terminal): Promise<Exit> {
  const { options } = input;
  const now = Date.now();
  const period: Period = {
    since: options.since === undefined ? '' : moment(options.since, '--since', now),
    until: options.until === undefined ? '~' : moment(options.until, '--until', now),
  };
  if (options.policies.length > 0) {
    const { runWhatIf } = await import('./replay-what-if.ts');
    return await runWhatIf(input, period, now, terminal);
  }
  const most = listedOf(options);
  const replay = new Replay();
  const findings: Finding[] = [];
  let count = 0;
  const size = await walkVerified(input, terminal, {
    take(entry) {
      replay.learn(entry);
      const found = isWithin(entry, period) ? replay.check(entry) : undefined;
      if (found !== undefined && ++count <= most) findings.push(found);
    },
    missed: (gap) => replay.missed(missedIn(gap, period)),
  });
  const summary: Summary = { fits: count === 0, size, kinds: replay.counts, findings, count };
  if (options.json) terminal.printJson(summaryJson(summary));
  else printSummary(summary, terminal);
  return summary.fits ? 'ok' : 'no';
}

export const isWithin = ({ time }: Entry, { since, until }: Period) => since <= time && time <= until;

/** How many of a gap may be of the period: of what was dropped the time is not known but for what stands beside it. */
export const missedIn = ({ count, ...gap }: Gap, { since, until }: Period) =>
  gap.since <= until && since <= gap.until ? count : 0;

interface Summary {
  readonly fits: boolean;
  readonly size: number;
  readonly kinds: ReadonlyMap<KindName, number>;
  readonly findings: readonly Finding[];
  readonly count: number;
}

const summaryJson = ({ fits, size, kinds: found, findings, count }: Summary) => ({
  fits,
  size,
  ...(found.has('dropped') && { dropped: found.get('dropped') }),
  kinds: Object.fromEntries([...found].map(([kind, number]) => [kind, { count: number, how: kinds[kind] }])),
  count,
  findings,
});

function printSummary({ fits, size, kinds: found, findings, count }: Summary, terminal: Terminal): void {
  const { style } = terminal;
  const dropped = found.get('dropped') ?? 0;
  const entries = dropped === 0 ? `the ${size} entries` : `what is left of the ${size} entries`;
  const verdict = fits
    ? `${style.good('fits')}  nothing was issued outside policy in ${entries}`
    : `${style.bad('DOES NOT FIT')}  ${count} ${count === 1 ? 'record' : 'records'} of ${entries}`;
  terminal.print(verdict);
  if (dropped > 0)
    terminal.note(`of ${dropped} of them only the hashes are left: nothing is said of these (--archive)`);
  const counted = [...found].map(([kind, number]) => [String(number), kind, kinds[kind]]);
  const columns = [{ title: 'COUNT', align: 'right' } as const, { title: 'KIND' }, { title: 'HOW', shrinkTo: 24 }];
  terminal.print(table(columns, counted, terminal.columns, style));
  if (findings.length === 0) return;
  const rows = findings.map(({ index, rule, difference }) => [String(index), rule, plain(difference)]);
  const titles = [
    { title: 'INDEX', align: 'right' } as const,
    { title: 'RULE' },
    { title: 'DIFFERENCE', shrinkTo: 40 },
  ];
  terminal.print(table(titles, rows, terminal.columns, style));
  if (count > findings.length) terminal.note(terminal.noteStyle.dim(`and ${count - findings.length} more: --limit`));
}
