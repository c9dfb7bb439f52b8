import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { hashLength, leafHashOfPrefixed, RightEdge, subtreeHeights } from '#audit/merkle.ts';
import { hashesAt, tileHeight, tileWidth } from '#audit/tiles.ts';
import { fault } from '../fault.ts';
import { StoreError } from '../store-error.ts';
import { placeBatch } from './batch.ts';
import { type Head, StoredTree } from './stored-tree.ts';

interface EdgeTile {
  n: number;
  width: number;
  readonly hashes: Buffer;
  changed: boolean;
}

/** Gives records their index and time, and commits them with the tree that they make. One per store. */
export class Sequencer {
  readonly #database: DatabaseSync;
  readonly #edge: RightEdge;
  readonly #edgeTiles: EdgeTile[] = [];
  readonly #insertEntry: StatementSync;
  readonly #putTile: StatementSync;
  readonly #putTree: StatementSync;
  #head: Head;

  /** Takes up the tree where the database has it; its right edge must add up to the stored root. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insertEntry = database.prepare('INSERT INTO entry VALUES (?, ?)');
    this.#putTile = database.prepare('INSERT OR REPLACE INTO tile VALUES (?, ?, ?)');
    this.#putTree = database.prepare('INSERT OR REPLACE INTO tree VALUES (1, ?, ?, ?)');
    const stored = new StoredTree(database);
    this.#head = stored.head();
    this.#edge = readEdge(stored, this.#head.size);
    for (let level = 0; hashesAt(level, this.#head.size) > 0; level++) {
      this.#edgeTiles.push(readEdgeTile(stored, level, this.#head.size));
    }
    if (Buffer.compare(this.#edge.root(), this.#head.root) !== 0) {
      throw new StoreError('damaged', `the stored tiles do not add up to the root of size ${this.#head.size}`);
    }
  }

  get head(): Head {
    return this.#head;
  }

  /**
   * Commits a packed batch; what returns is on stable storage. `now` (ms) becomes the time of each record unless it is
   * behind the newest one's. After a throw the sequencer must not be used again: its edge may be ahead of the database.
   */
  commit(packed: ArrayBuffer, now: number): Head {
    const { size: first, time: newest } = this.#head;
    const time = Math.max(now, newest);
    const entries = placeBatch(packed, first, new Date(time).toISOString());
    // A crash up to COMMIT leaves the log as it was: nobody has been answered.
    this.#database.exec('BEGIN IMMEDIATE');
    for (const [at, entry] of entries.entries()) this.#insert(first + at, entry);
    this.#writeEdgeTiles();
    const head = { size: first + entries.length, root: this.#edge.root(), time };
    this.#putTree.run(head.size, head.root, head.time);
    fault('batch.inserted');
    this.#database.exec('COMMIT');
    // A crash from here on leaves records whose certificates nobody received: harmless, and on the record.
    fault('batch.committed');
    this.#head = head;
    return head;
  }

  #insert(seq: number, entry: Uint8Array): void {
    this.#insertEntry.run(seq, entry);
    const prefixed = new Uint8Array(entry.buffer, entry.byteOffset - 1, entry.byteLength + 1);
    this.#edge.append(leafHashOfPrefixed(prefixed), (height, root) => {
      if (height % tileHeight === 0) this.#extendTile(height / tileHeight, root);
    });
  }

  #extendTile(level: number, hash: Uint8Array): void {
    const tile = this.#edgeTiles[level] ?? emptyTile(0);
    this.#edgeTiles[level] = tile;
    tile.hashes.set(hash, tile.width * hashLength);
    tile.width++;
    tile.changed = true;
    if (tile.width < tileWidth) return;
    this.#putTile.run(level, tile.n, tile.hashes);
    this.#edgeTiles[level] = emptyTile(tile.n + 1);
  }

  #writeEdgeTiles(): void {
    for (const [level, tile] of this.#edgeTiles.entries()) {
      if (!tile.changed) continue;
      this.#putTile.run(level, tile.n, tile.hashes.subarray(0, tile.width * hashLength));
      tile.changed = false;
    }
  }
}

function emptyTile(n: number): EdgeTile {
  return { n, width: 0, hashes: Buffer.alloc(tileWidth * hashLength), changed: false };
}

function readEdgeTile(stored: StoredTree, level: number, size: number): EdgeTile {
  const hashes = hashesAt(level, size);
  const tile = emptyTile(Math.floor(hashes / tileWidth));
  tile.width = hashes % tileWidth;
  if (tile.width === 0) return tile;
  const found = stored.tile(level, tile.n);
  if (found.length !== tile.width * hashLength) {
    throw new StoreError('damaged', `tile ${tile.n} of level ${level} should hold ${tile.width} hashes`);
  }
  tile.hashes.set(found);
  return tile;
}

function readEdge(stored: StoredTree, size: number): RightEdge {
  const source = stored.hashes();
  let at = 0;
  const roots = subtreeHeights(size).map((height) => {
    const root = source.subtree(height, at / 2 ** height);
    at += 2 ** height;
    return root;
  });
  return RightEdge.of(size, roots);
}
