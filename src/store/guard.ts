import { parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { emptyRoot } from '#audit/merkle.ts';
import { rangeRoot } from '#audit/merkle-proof.ts';
import { readIfThere } from './durable-file.ts';
import { StoreError } from './store-error.ts';
import type { TreeView } from './tree-view.ts';

/**
 * Holds a signed checkpoint, kept somewhere, against the store: the store must have at least its entries, and the same
 * root over them. A store put back from an older copy, or another one altogether, is found here before it signs.
 * Gives the checkpoint; undefined when the file is not there. Throws StoreError.
 */
export function holdAgainst(tree: TreeView, file: string, origin: string): ReadCheckpoint | undefined {
  const bytes = readIfThere(file);
  if (bytes === undefined) return undefined;
  const checkpoint = read(bytes, file);
  if (checkpoint.origin !== origin) {
    throw new StoreError('origin', `${file} is a checkpoint of "${checkpoint.origin}", not of "${origin}"`);
  }
  const size = tree.size();
  if (checkpoint.size > size) {
    throw new StoreError(
      'rolled-back',
      `${file} speaks of ${checkpoint.size} entries and the store has ${size}: it was put back from an older copy, and must not be signed over`,
      size,
    );
  }
  if (Buffer.compare(rootOf(tree, checkpoint.size), checkpoint.root) !== 0) {
    throw new StoreError(
      'rolled-back',
      `${file} was signed over other entries: the store's first ${checkpoint.size} have another root`,
    );
  }
  return checkpoint;
}

export function rootOf(tree: TreeView, size: number): Uint8Array {
  return size === 0 ? emptyRoot : rangeRoot(tree.hashes(), 0, size);
}

function read(bytes: Uint8Array, file: string): ReadCheckpoint {
  try {
    return parseCheckpoint(bytes);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new StoreError('damaged', `${file}: ${cause.message}`, undefined, { cause });
  }
}
