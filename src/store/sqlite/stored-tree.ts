import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { emptyRoot, hashLength } from '#audit/merkle.ts';
import type { DroppedRows } from '../dropped-rows.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import type { Bodies, TreeView } from '../tree-view.ts';
import { asBytes, asInteger, damagedUnless } from './database.ts';
import { readDisclosures } from './disclosures.ts';
import { followDropped } from './dropped.ts';

/** Reading side of the log's database. */
export class StoredTree implements TreeView {
  readonly #database: DatabaseSync;
  readonly #head: StatementSync;
  readonly #tile: StatementSync;
  readonly #entry: StatementSync;
  readonly #entries: StatementSync;
  readonly #last: StatementSync;
  readonly #dropped: () => DroppedRows;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#dropped = followDropped(database);
    this.#head = database.prepare('SELECT size, root, time FROM tree');
    this.#tile = database.prepare('SELECT hashes FROM tile WHERE level = ? AND n = ?');
    this.#entry = database.prepare('SELECT body FROM entry WHERE seq = ?');
    this.#entries = database.prepare('SELECT seq, body FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq');
    this.#last = database.prepare('SELECT max(seq) AS last FROM entry');
  }

  head(): Head {
    const row = damagedUnless('the store', () => this.#head.get());
    if (row === undefined) return { size: 0, root: emptyRoot, time: 0 };
    const root = asBytes(row.root, 'the stored root');
    if (root.length !== hashLength) throw new StoreError('damaged', 'the stored root is no SHA-256');
    return { size: asInteger(row.size, 'the stored size'), root, time: asInteger(row.time, 'the stored time') };
  }

  /** Hashes of a tile as stored: the rightmost of a level may by now be wider than an older size had it. */
  tile(level: number, n: number): Uint8Array {
    return damagedUnless('the store', () => asBytes(this.#tile.get(level, n)?.hashes, `tile ${n} of level ${level}`));
  }

  entry(index: number): Uint8Array | undefined {
    const row = damagedUnless('the store', () => this.#entry.get(index), index);
    return row === undefined ? undefined : asBytes(row.body, `entry ${index}`);
  }

  entries(from: number, to: number): Bodies {
    const found: (Uint8Array | undefined)[] = [];
    const rows = this.#entries.iterate(from, to);
    let row: IteratorResult<Record<string, SQLOutputValue>> | undefined;
    try {
      for (let expected = from; expected < to; expected++) {
        row ??= damagedUnless('the store', () => rows.next(), expected);
        if (row.done === true || row.value.seq !== expected) {
          if (!this.#isDropped(expected)) throw missing(expected);
          found.push(undefined);
          continue;
        }
        const { body } = row.value;
        found.push(damagedUnless('the store', () => asBytes(body, `entry ${expected}`), expected));
        row = undefined;
      }
      return found;
    } finally {
      // One left half way holds its read transaction, and with it the write-ahead log.
      rows.return?.();
    }
  }

  disclosures(from: number, to: number): PlacedDisclosure[] {
    return readDisclosures(this.#database, from, to);
  }

  dropped(): DroppedRows {
    return this.#dropped();
  }

  lastIndex(): number {
    const last = damagedUnless('the store', () => this.#last.get())?.last ?? null;
    return last === null ? -1 : asInteger(last, 'the last index');
  }

  #isDropped(index: number): boolean {
    return this.#dropped().ranges.covers(index);
  }
}

function missing(index: number): StoreError {
  return new StoreError('damaged', `entry ${index} is missing from the store`, index);
}
