import type { Entry } from '#audit/entry.ts';
import type { Alert } from '#detection/alert.ts';
import type { BurstSpec, DistinctSpec } from '#detection/document.ts';
import { reader } from '#detection/field.ts';
import { parseDuration } from '#document/scalars.ts';

/** What is told of a record, as far as this judge speaks of it. */
export type Told = Pick<Alert, 'by' | 'count' | 'seqs'>;

interface Hit {
  readonly by: Readonly<Record<string, string>>;
  readonly count: number;
  readonly seqs: readonly number[];
}

/** Alerts by what the rules mean, from all of a log at once and with nothing forgotten. */
function alertsBy(entries: readonly Entry[], quietMs: number, hitAt: (at: number) => Hit | undefined): Told[] {
  const told: (Told & { readonly time: number })[] = [];
  for (const [at, entry] of entries.entries()) {
    const hit = hitAt(at);
    if (hit === undefined) continue;
    const time = Date.parse(entry.time);
    const alike = told.findLast(({ by }) => JSON.stringify(by) === JSON.stringify(hit.by));
    if (alike === undefined || time >= alike.time + quietMs) told.push({ ...hit, time });
  }
  return told.map(({ by, count, seqs }) => ({ by, count, seqs }));
}

const ms = (span: string) => parseDuration(span) * 1_000;
const byOf = (names: BurstSpec['by'] = []) => {
  const reads = names.map((name) => [name, reader(name)] as const);
  return (entry: Entry) => Object.fromEntries(reads.map(([name, read]) => [name, read(entry) ?? '']));
};
const lacks = (by: Readonly<Record<string, string>>) => Object.values(by).includes('');
const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

export function burstAlerts(entries: readonly Entry[], spec: BurstSpec & { within: string }, quiet: string): Told[] {
  const by = byOf(spec.by);
  const types = spec.match.type ?? [];
  return alertsBy(entries, ms(quiet), (at) => {
    const entry = entries[at];
    if (entry === undefined || !types.includes(entry.type) || lacks(by(entry))) return undefined;
    const since = Date.parse(entry.time) - ms(spec.within);
    const alike = entries
      .slice(0, at + 1)
      .filter(({ type, time }) => types.includes(type) && Date.parse(time) >= since)
      .filter((each) => same(by(each), by(entry)))
      // so many are enough, each being at least one
      .slice(-spec.count);
    const count = alike.reduce((sum, each) => sum + (typeof each.count === 'number' ? each.count : 1), 0);
    return count < spec.count ? undefined : { by: by(entry), count, seqs: alike.slice(-32).map(({ seq }) => seq) };
  });
}

export function distinctAlerts(entries: readonly Entry[], spec: DistinctSpec, quiet: string): Told[] {
  const by = byOf(spec.by);
  const of = reader(spec.of);
  const types = spec.match.type ?? [];
  const groupOf = (entry: Entry) => {
    const value = of(entry) ?? '';
    return spec.together?.find((group) => group.includes(value))?.join() ?? value;
  };
  return alertsBy(entries, ms(quiet), (at) => {
    const entry = entries[at];
    if (entry === undefined || !types.includes(entry.type)) return undefined;
    const since = Date.parse(entry.time) - ms(spec.within);
    const alike = entries
      .slice(0, at + 1)
      .filter(({ type, time }) => types.includes(type) && Date.parse(time) >= since)
      .filter((each) => same(by(each), by(entry)));
    const newest = new Map(alike.map((each) => [groupOf(each), each.seq]));
    const seqs = [...newest.values()].toSorted((one, other) => one - other);
    return newest.size < (spec.count ?? 2) ? undefined : { by: by(entry), count: newest.size, seqs };
  });
}
