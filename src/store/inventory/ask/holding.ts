import type { DatabaseSync } from 'node:sqlite';
import type { RecordsQuestion } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { blockLength } from '../schema.ts';
import type { Condition } from './condition.ts';
import type { Range } from './moments.ts';

/** The moment that certificates are to hold at, and by when they end; undefined where it does not matter. */
export interface Held {
  readonly at: number;
  readonly endsBy: number | undefined;
}

export function heldOf({ holding, within }: RecordsQuestion, filters: Filters, now: number): Held | undefined {
  const length = filters.within ?? within;
  if (holding === undefined && filters.at === undefined && length === undefined) return undefined;
  const at = filters.at ?? now;
  return { at, endsBy: length === undefined ? undefined : at + length };
}

/** Not before ≤ at < not after, and not revoked by then. */
export function heldConditions({ at, endsBy }: Held): Condition[] {
  return [
    { sql: 'issued = 1 AND not_before <= ? AND not_after > ?', values: [at, at] },
    ...(endsBy === undefined ? [] : [{ sql: 'not_after <= ?', values: [endsBy] }]),
    {
      sql: `NOT EXISTS (SELECT 1 FROM revocation AS r WHERE r.serial = record.serial
        AND r.issuer_key = record.issuer_key AND r.effective <= ?)`,
      values: [at],
    },
  ];
}

/** Parts of `range` that can have certificates which hold then, newest first; a line of `block` stands for 1,024 entries. */
export function heldRanges(database: DatabaseSync, { at, endsBy }: Held, range: Range): Range[] {
  const blocks = database
    .prepare(`SELECT n FROM block WHERE n >= ? AND n <= ? AND begins <= ? AND ends > ? AND ends_first <= ?
      ORDER BY n DESC`)
    .all(Math.floor(range.from / blockLength), Math.floor(range.to / blockLength), at, at, endsBy ?? latest);
  const ranges: Range[] = [];
  for (const { n } of blocks) {
    const from = Math.max(range.from, Number(n) * blockLength);
    const to = Math.min(range.to, (Number(n) + 1) * blockLength);
    const last = ranges.at(-1);
    if (last?.from === to) ranges.splice(-1, 1, { from, to: last.to });
    else if (from < to) ranges.push({ from, to });
  }
  return ranges;
}

const latest = Number.MAX_SAFE_INTEGER;
