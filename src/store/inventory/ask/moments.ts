import type { DatabaseSync } from 'node:sqlite';

/** Leaf index of the first record that is not older than `time` (ms), or `size`: records never go back in time. */
export function indexAt(database: DatabaseSync, time: number, size: number): number {
  const timeOf = database.prepare('SELECT time FROM record WHERE seq = ?');
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (Number(timeOf.get(middle)?.time) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Range {
  /** Leaf indexes [from, to). */
  readonly from: number;
  readonly to: number;
}

/** The records of [since, until], moments in ms, among the first `size`. */
export function rangeOf(
  database: DatabaseSync,
  { since, until }: { readonly since?: number | undefined; readonly until?: number | undefined },
  size: number,
): Range {
  return {
    from: since === undefined ? 0 : indexAt(database, since, size),
    to: until === undefined ? size : indexAt(database, until + 1, size),
  };
}
