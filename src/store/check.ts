import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { hashLength, leafHash, RightEdge } from '#audit/merkle.ts';
import { Runs, type Span } from '#audit/runs.ts';
import { foldTile } from '#audit/tile-hashes.ts';
import { hashesAt, tileHeight, tileWidth } from '#audit/tiles.ts';
import { demandOpening } from './disclosure-rows.ts';
import type { Head } from './head.ts';
import { StoreError } from './store-error.ts';
import type { Bodies, TreeView } from './tree-view.ts';

/** The head of a store that is whole. */
export interface WholeStore extends Head {
  /** Records of which only the hashes are left. */
  readonly hashesOnly: readonly Span[];
}

/**
 * What a start looks at: the newest entries against their leaf hashes, their order and the head, and each level's
 * newest hash against the tile below. Bounded work, whatever the size. `name` is the store's, for messages; `tree` must
 * not grow meanwhile. Rejects with StoreError `damaged`.
 */
export async function checkTail(tree: TreeView, name: string): Promise<void> {
  const head = await tree.head();
  const last = await tree.lastIndex();
  if (last !== head.size - 1) {
    const ends = last < 0 ? 'has none' : `ends with ${last}`;
    throw new StoreError('damaged', `${name} should end with entry ${head.size - 1}; it ${ends}`, head.size);
  }
  if (head.size === 0) return;
  const newest = await checkTile(tree, Math.floor((head.size - 1) / tileWidth), head.size, '');
  demandNewest(head, newest);
  for (let level = 1; hashesAt(level, head.size) > 0; level++)
    await checkParent(tree, level, hashesAt(level, head.size) - 1);
}

/**
 * The whole store, every entry and every hash, in bounded memory; gives its head. Rejects with StoreError and the index
 * of the first entry that does not fit. Works beside a running server.
 */
export async function verifyTree(
  tree: TreeView,
  onProgress: (checked: number, size: number) => void,
): Promise<WholeStore> {
  const head = await tree.head();
  const edge = new RightEdge();
  const absent = new Runs();
  let time = '';
  for (let n = 0; n * tileWidth < head.size; n++) {
    time = await checkTile(tree, n, head.size, time, absent);
    const width = Math.min(tileWidth, head.size - n * tileWidth);
    const hashes = await tree.tile(0, n);
    for (let at = 0; at < width; at++) {
      const complete: number[] = [];
      edge.append(hashes.slice(at * hashLength, (at + 1) * hashLength), (height) => {
        if (height > 0 && height % tileHeight === 0) complete.push(height);
      });
      for (const height of complete) await checkParent(tree, height / tileHeight, edge.size / 2 ** height - 1);
    }
    onProgress(n * tileWidth + width, head.size);
  }
  if (Buffer.compare(edge.root(), head.root) !== 0) {
    throw new StoreError('damaged', `the entries do not add up to the stored root of size ${head.size}`, head.size);
  }
  if (head.size > 0) demandNewest(head, time);
  return { ...head, hashesOnly: absent.spans };
}

function demandNewest({ size, time }: Head, newest: string): void {
  if (newest !== new Date(time).toISOString())
    throw new StoreError('damaged', `the newest entry is of ${newest}, not as the tree's head has it`, size - 1);
}

/** Entries of one leaf tile against their hashes; gives the newest one's time. `since` is the time before them, `absent` takes those without a body. */
async function checkTile(tree: TreeView, n: number, size: number, since: string, absent = new Runs()): Promise<string> {
  const from = n * tileWidth;
  const to = Math.min(from + tileWidth, size);
  const hashes = await at(from, () => tree.tile(0, n));
  try {
    const entries = await tree.entries(from, to);
    const time = checkEntries(entries, from, hashes, since);
    for (const [at, entry] of entries.entries()) if (entry === undefined) absent.add(from + at);
    demandOpening(await tree.disclosures(from, to), entries, from);
    return time;
  } catch (thrown) {
    // What can be read before an entry that cannot comes before it in the answer, too.
    if (thrown instanceof StoreError && thrown.index !== undefined && thrown.index > from && thrown.index < to)
      checkEntries(await tree.entries(from, thrown.index), from, hashes, since);
    throw thrown;
  }
}

/** Where a body was dropped, only its hash is left to be checked, by whoever builds the tree from the hashes. */
function checkEntries(entries: Bodies, from: number, hashes: Uint8Array, since: string): string {
  let time = since;
  for (const [offset, bytes] of entries.entries()) {
    if (bytes === undefined) continue;
    const index = from + offset;
    const leaf = hashes.subarray(offset * hashLength, (offset + 1) * hashLength);
    if (Buffer.compare(leafHash(bytes), leaf) !== 0) {
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

async function checkParent(tree: TreeView, level: number, position: number): Promise<void> {
  const first = position * tileWidth ** level;
  const tile = await at(first, () => tree.tile(level, Math.floor(position / tileWidth)));
  const below = await at(first, () => tree.tile(level - 1, position));
  const offset = (position % tileWidth) * hashLength;
  const whole = below.length >= tileWidth * hashLength;
  if (!whole || Buffer.compare(foldTile(below, 0, tileWidth), tile.subarray(offset, offset + hashLength)) !== 0) {
    throw new StoreError('damaged', `hash ${position} of level ${level} is not the root of the tile below it`, first);
  }
}

/** A tile that cannot be had is damage at the first entry below it. */
async function at<T>(index: number, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'damaged' || cause.index !== undefined) throw cause;
    throw new StoreError(cause.code, cause.message, index, { cause });
  }
}
