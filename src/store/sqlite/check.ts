import type { DatabaseSync } from 'node:sqlite';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { hashLength, leafHash, RightEdge } from '#audit/merkle.ts';
import { foldTile } from '#audit/tile-hashes.ts';
import { hashesAt, tileHeight, tileWidth } from '#audit/tiles.ts';
import { StoreError } from '../store-error.ts';
import { asInteger, damagedUnless, openForReading } from './database.ts';
import { type Head, StoredTree } from './stored-tree.ts';

/**
 * What a start looks at: the newest entries against their leaf hashes, their order and the head, and each level's
 * newest hash against the tile below. Bounded work, whatever the size. Throws StoreError `damaged`.
 */
export function checkTail(database: DatabaseSync, file: string): void {
  damagedUnless(file, () => {
    const stored = new StoredTree(database);
    const head = stored.head();
    const last = database.prepare('SELECT max(seq) AS last FROM entry').get()?.last ?? null;
    if (last === null ? head.size > 0 : asInteger(last, 'the last index') !== head.size - 1) {
      throw new StoreError(
        'damaged',
        `${file} should end with entry ${head.size - 1}; it ends with ${last}`,
        head.size,
      );
    }
    if (head.size === 0) return;
    const tile = Math.floor((head.size - 1) / tileWidth);
    const newest = checkTile(stored, tile, head.size, '');
    if (newest !== new Date(head.time).toISOString()) {
      throw new StoreError('damaged', `the newest entry is of ${newest}, not as the tree's head has it`, head.size - 1);
    }
    for (let level = 1; hashesAt(level, head.size) > 0; level++)
      checkParent(stored, level, hashesAt(level, head.size) - 1);
  });
}

/** Entries of one leaf tile against their hashes; gives the newest one's time. `since` is the time before them. */
function checkTile(stored: StoredTree, n: number, size: number, since: string): string {
  const from = n * tileWidth;
  const hashes = damagedUnless('the store', () => stored.tile(0, n), from);
  let time = since;
  for (let index = from; index < Math.min(from + tileWidth, size); index++) {
    const bytes = damagedUnless('the store', () => stored.entry(index), index);
    if (bytes === undefined) throw new StoreError('damaged', `entry ${index} is missing from the store`, index);
    const at = (index - from) * hashLength;
    if (Buffer.compare(leafHash(bytes), hashes.subarray(at, at + hashLength)) !== 0) {
      throw new StoreError('damaged', `entry ${index} does not hash to its leaf`, index);
    }
    const entry = decoded(bytes, index);
    if (entry.seq !== index) throw new StoreError('damaged', `entry ${index} says that it is ${entry.seq}`, index);
    if (entry.time < time) throw new StoreError('damaged', `entry ${index} is older than the one before it`, index);
    time = entry.time;
  }
  return time;
}

function decoded(bytes: Uint8Array, index: number): Entry {
  try {
    return decodeEntry(bytes);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new StoreError('damaged', `entry ${index}: ${cause.message}`, index, { cause });
  }
}

function checkParent(stored: StoredTree, level: number, position: number): void {
  const first = position * tileWidth ** level;
  const problem = `hash ${position} of level ${level} is not the root of the tile below it`;
  damagedUnless(
    'the store',
    () => {
      const tile = stored.tile(level, Math.floor(position / tileWidth));
      const at = (position % tileWidth) * hashLength;
      const root = foldTile(stored.tile(level - 1, position), 0, tileWidth);
      if (Buffer.compare(root, tile.subarray(at, at + hashLength)) !== 0)
        throw new StoreError('damaged', problem, first);
    },
    first,
  );
}

/**
 * The whole store, every entry and every hash, in bounded memory; gives its head. Throws StoreError with the index of
 * the first entry that does not fit. Works beside a running server.
 */
export function verifyStore(file: string, onProgress: (checked: number, size: number) => void = () => {}): Head {
  const database = openForReading(file);
  try {
    return damagedUnless(file, () => {
      const head = verifyAll(new StoredTree(database), onProgress);
      checkPages(database);
      return head;
    });
  } finally {
    database.close();
  }
}

/** What no entry and no hash is read through: SQLite's own view of its pages and indexes. */
function checkPages(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (found !== 'ok') throw new StoreError('damaged', `the database's pages do not fit together: ${found}`);
}

function verifyAll(stored: StoredTree, onProgress: (checked: number, size: number) => void): Head {
  const head = stored.head();
  const edge = new RightEdge();
  let time = '';
  for (let n = 0; n * tileWidth < head.size; n++) {
    time = checkTile(stored, n, head.size, time);
    const width = Math.min(tileWidth, head.size - n * tileWidth);
    const hashes = stored.tile(0, n);
    for (let at = 0; at < width; at++) {
      edge.append(hashes.slice(at * hashLength, (at + 1) * hashLength), (height) => {
        if (height > 0 && height % tileHeight === 0)
          checkParent(stored, height / tileHeight, (edge.size + 1) / 2 ** height - 1);
      });
    }
    onProgress(n * tileWidth + width, head.size);
  }
  if (Buffer.compare(edge.root(), head.root) !== 0) {
    throw new StoreError('damaged', `the entries do not add up to the stored root of size ${head.size}`, head.size);
  }
  return head;
}
