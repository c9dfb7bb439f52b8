import { type DroppedRange, DroppedRanges, droppedBy } from '#audit/dropped.ts';
import { decodeEntry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { StoreError } from './store-error.ts';

/**
 * What a store says was dropped of it. It names the records that say so, and what counts is what these say: entries of the
 * log like any other, whose hashes the tree holds. A row that is missing without one is missing.
 */
export interface Dropped {
  readonly ranges: DroppedRanges;
  /** What each record says, oldest first. */
  readonly records: readonly DroppedRange[];
}

/** A row of the store: the index of a record, and its body. */
export interface DroppedRow {
  readonly record: number;
  readonly body: Uint8Array | undefined;
}

/** Reads the rows that have come since the last look, and remembers what they say. */
export class DroppedRows implements Dropped {
  readonly ranges = new DroppedRanges();
  readonly records: DroppedRange[] = [];

  /** The newest record that was followed; −1 for none. */
  get newest(): number {
    return this.records.at(-1)?.record ?? -1;
  }

  /** Rows after `newest`, by record. Throws StoreError `damaged`. */
  add(rows: readonly DroppedRow[]): this {
    for (const { record, body } of rows) {
      const range = droppedRange(record, body);
      this.ranges.add(range);
      this.records.push(range);
    }
    return this;
  }
}

/** How far each has come in a store that takes a log over: what was under way with the newest of them goes on. */
export function movedDrops(dropped: readonly DroppedRange[]): readonly { record: number; next: number }[] {
  const newest = dropped.at(-1);
  return dropped.map((range) => ({ record: range.record, next: range === newest ? range.from : range.to }));
}

/** What the entry at `record` drops. Throws StoreError `damaged` where it is none that does. */
export function droppedRange(record: number, body: Uint8Array | undefined): DroppedRange {
  const range = body && read(record, body);
  if (range?.record === record) return range;
  throw new StoreError(
    'damaged',
    `the store drops bodies on the word of entry ${record}, which is no such record`,
    record,
  );
}

function read(record: number, body: Uint8Array): DroppedRange | undefined {
  try {
    return droppedBy(decodeEntry(body));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new StoreError('damaged', `entry ${record}: ${cause.message}`, record, { cause });
  }
}
