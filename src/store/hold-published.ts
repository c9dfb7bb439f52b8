import type { Checkpoint } from '#audit/checkpoint.ts';
import { hashLength } from '#audit/merkle.ts';
import { tileWidth } from '#audit/tiles.ts';
import { StoreError } from './store-error.ts';
import { rootOf } from './tree-hashes.ts';
import type { TreeView } from './tree-view.ts';

/** A published log that was found to be whole. */
export interface WholeLog {
  readonly checkpoint: Checkpoint;
  /** Leaf hashes from `n` · 256 on, at most 256. */
  leaves(n: number): Uint8Array;
}

/**
 * Holds a store that is sound in itself against what was published of it: whoever rewrites a store as a whole leaves
 * nothing in it that does not fit. `origin` is the store's own. Rejects with StoreError `rolled-back` and the index of the
 * first entry that differs, or `origin`.
 */
export async function holdAgainstPublished(tree: TreeView, origin: string, published: WholeLog): Promise<void> {
  const { checkpoint } = published;
  if (origin !== checkpoint.origin)
    throw new StoreError('origin', `the store is the log "${origin}", and what is published is "${checkpoint.origin}"`);
  const { size } = await tree.head();
  if (size < checkpoint.size) {
    throw new StoreError(
      'rolled-back',
      `what is published speaks of ${checkpoint.size} entries, and the store has ${size}`,
      size,
    );
  }
  if (Buffer.compare(await rootOf(tree, checkpoint.size), checkpoint.root) === 0) return;
  const index = await firstDifference(tree, published);
  const problem = `what is published was signed over other entries than the first ${checkpoint.size} of the store`;
  throw new StoreError('rolled-back', index === undefined ? problem : `entry ${index}: ${problem}`, index);
}

async function firstDifference(tree: TreeView, { checkpoint, leaves }: WholeLog): Promise<number | undefined> {
  for (let n = 0; n * tileWidth < checkpoint.size; n++) {
    const theirs = leaves(n);
    const width = Math.min(tileWidth, checkpoint.size - n * tileWidth);
    const own = (await tree.tile(0, n)).subarray(0, width * hashLength);
    const at = own.findIndex((octet, i) => octet !== theirs[i]);
    if (at >= 0) return n * tileWidth + Math.floor(at / hashLength);
  }
  return undefined;
}
