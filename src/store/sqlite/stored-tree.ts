import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { emptyRoot, hashLength } from '#audit/merkle.ts';
import { TileHashes } from '#audit/tile-hashes.ts';
import { StoreError } from '../store-error.ts';
import { asBytes, asInteger } from './database.ts';

/** The tree's head as it was committed. */
export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
  /** Time of the newest entry, ms since the epoch. */
  readonly time: number;
}

/** Reading side of the log's database. */
export class StoredTree {
  readonly #head: StatementSync;
  readonly #tile: StatementSync;
  readonly #entry: StatementSync;
  readonly #entries: StatementSync;

  constructor(database: DatabaseSync) {
    this.#head = database.prepare('SELECT size, root, time FROM tree');
    this.#tile = database.prepare('SELECT hashes FROM tile WHERE level = ? AND n = ?');
    this.#entry = database.prepare('SELECT body FROM entry WHERE seq = ?');
    this.#entries = database.prepare('SELECT seq, body FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq');
  }

  head(): Head {
    const row = this.#head.get();
    if (row === undefined) return { size: 0, root: emptyRoot, time: 0 };
    const root = asBytes(row.root, 'the stored root');
    if (root.length !== hashLength) throw new StoreError('damaged', 'the stored root is no SHA-256');
    return { size: asInteger(row.size, 'the stored size'), root, time: asInteger(row.time, 'the stored time') };
  }

  /** Hashes of a tile as stored: the rightmost of a level may by now be wider than an older size had it. */
  tile(level: number, n: number): Uint8Array {
    return asBytes(this.#tile.get(level, n)?.hashes, `tile ${n} of level ${level}`);
  }

  hashes(): TileHashes {
    return new TileHashes((level, n) => this.tile(level, n));
  }

  entry(index: number): Uint8Array | undefined {
    const row = this.#entry.get(index);
    return row === undefined ? undefined : asBytes(row.body, `entry ${index}`);
  }

  /** Octets of entries [from, to) without a gap. Throws StoreError naming the first that is missing. */
  entries(from: number, to: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const row of this.#entries.iterate(from, to)) {
      const expected = from + found.length;
      if (row.seq !== expected) throw missing(expected);
      found.push(asBytes(row.body, `entry ${expected}`));
    }
    if (found.length < to - from) throw missing(from + found.length);
    return found;
  }
}

function missing(index: number): StoreError {
  return new StoreError('damaged', `entry ${index} is missing from the store`, index);
}
