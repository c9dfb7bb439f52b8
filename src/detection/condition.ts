import type { Entry } from '#audit/entry.ts';
import { type FieldName, reader, told } from './field.ts';

/** A record with its time, ms since the epoch. */
export interface Seen {
  readonly entry: Entry;
  readonly time: number;
}

/** What makes an alert, unless one like it was told lately. */
export interface Hit {
  /** Values of the rule's `by`, in its order. */
  readonly by: readonly string[];
  /** Records, or what they stand for; of different values how many there are. */
  readonly count: number;
  /** Records that made it, oldest first; no more than the newest of them. */
  readonly seqs: readonly number[];
  /** Time of the oldest of them, ms since the epoch. */
  readonly since: number;
  readonly values?: readonly string[];
}

/** A rule's memory of a stream. */
export interface Watching {
  /** A record that the rule's filter has let through; times never go back. */
  see(seen: Seen): Hit | undefined;
  /** What had to be forgotten before its time, since there is no room without end. */
  readonly forgotten: number;
}

/** Values of several fields; undefined where one is not there. */
export function readAll(names: readonly FieldName[]): (entry: Entry) => readonly string[] | undefined {
  const reads = names.map(reader);
  return (entry) => {
    const values: string[] = [];
    for (const read of reads) {
      const value = read(entry);
      if (value === undefined) return undefined;
      values.push(told(value));
    }
    return values;
  };
}

export const keyOf = (by: readonly string[]): string => (by.length === 1 ? (by[0] ?? '') : JSON.stringify(by));

/** Indexes that an alert names at most. */
export const mostSeqs = 32;
