import { openCheckpoint, parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { keyLabel, parseVkey } from '#audit/vkey.ts';
import { readIfThere } from './durable-file.ts';
import { StoreError } from './store-error.ts';
import { rootOf } from './tree-hashes.ts';
import type { HashView } from './tree-view.ts';

/** A checkpoint as far as a store is held against it. */
export interface Signed {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Which log a store is of. */
export interface LogIdentity {
  readonly origin: string;
  /** Vkeys of all keys by one of which its checkpoints are signed. */
  readonly known: readonly string[];
}

/**
 * Holds a signed checkpoint, kept somewhere, against the store: the store must have at least its entries, and the same
 * root over them. A store put back from an older copy, or another one altogether, is found here before it signs.
 * So is one that somebody else has signed. Gives the checkpoint; undefined when the file is not there. Rejects with
 * StoreError.
 */
export async function holdAgainst(
  tree: HashView,
  file: string,
  { origin, known }: LogIdentity,
): Promise<ReadCheckpoint | undefined> {
  const bytes = readIfThere(file);
  if (bytes === undefined) return undefined;
  const checkpoint = read(bytes, file);
  if (checkpoint.origin !== origin) {
    throw new StoreError('origin', `${file} is a checkpoint of "${checkpoint.origin}", not of "${origin}"`);
  }
  demandOwnSignature(bytes, file, known);
  await demandExtends(tree, checkpoint, file);
  return checkpoint;
}

/** The store must hold what was signed; `name` says where that was kept. Rejects with StoreError `rolled-back`. */
export async function demandExtends(tree: HashView, signed: Signed, name: string): Promise<void> {
  const { size } = await tree.head();
  if (signed.size > size) {
    throw new StoreError(
      'rolled-back',
      `${name} speaks of ${signed.size} entries and the store has ${size}: it was put back from an older copy, and must not be signed over`,
      size,
    );
  }
  if (Buffer.compare(await rootOf(tree, signed.size), signed.root) !== 0) {
    throw new StoreError(
      'rolled-back',
      `${name} was signed over other entries: the store's first ${signed.size} have another root`,
    );
  }
}

/** Whoever writes files here and has none of our keys must not have us go on signing what they began. */
export function demandOwnSignature(bytes: Uint8Array, name: string, known: readonly string[]): void {
  const verifiers = known.map(parseVkey);
  try {
    openCheckpoint(bytes, ...verifiers);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    const keys = verifiers.map(keyLabel).join(' or ');
    throw new StoreError(
      'key',
      `${name} is not signed by a key of this log, ${keys}; a key that signed before this one belongs under audit.previousKeys`,
      undefined,
      { cause },
    );
  }
}

function read(bytes: Uint8Array, file: string): ReadCheckpoint {
  try {
    return parseCheckpoint(bytes);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new StoreError('damaged', `${file}: ${cause.message}`, undefined, { cause });
  }
}
