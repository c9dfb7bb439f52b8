import { hash } from 'node:crypto';

/** The Merkle tree of RFC 6962 §2.1, with SHA-256. Indexes and sizes are integers below 2^53. */

export const hashLength = 32;

const leafPrefix = 0x00;
const nodePrefix = 0x01;

export const emptyRoot: Uint8Array = hash('sha256', '', 'buffer');

export function leafHash(entry: Uint8Array): Uint8Array {
  const prefixed = Buffer.allocUnsafe(entry.length + 1);
  prefixed[0] = leafPrefix;
  prefixed.set(entry, 1);
  return hash('sha256', prefixed, 'buffer');
}

/** `leafHash` without the copy, for an entry that already stands behind its 00 octet. */
export function leafHashOfPrefixed(prefixed: Uint8Array): Uint8Array {
  if (prefixed[0] !== leafPrefix) throw new RangeError('a leaf is hashed behind a 00 octet');
  return hash('sha256', prefixed, 'buffer');
}

// One buffer for every node: filled and hashed within one synchronous call.
const node = Buffer.alloc(1 + 2 * hashLength, nodePrefix);

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 1 + hashLength);
  return hash('sha256', node, 'buffer');
}

/** Largest power of two below `size`, for size ≥ 2: where RFC 6962 splits a tree. */
export function splitPoint(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/** Told of every complete subtree: its height and its root. */
export type SubtreeListener = (height: number, root: Uint8Array) => void;

/** The right edge of a growing tree: roots of its complete subtrees, largest first. Appending costs one node on average. */
export class RightEdge {
  #size = 0;
  readonly #roots: Uint8Array[] = [];

  /** The edge of a tree whose complete subtrees, largest first, have these roots. */
  static of(size: number, roots: readonly Uint8Array[]): RightEdge {
    if (roots.length !== subtreeHeights(size).length) throw new RangeError(`${roots.length} roots for size ${size}`);
    const edge = new RightEdge();
    edge.#size = size;
    edge.#roots.push(...roots);
    return edge;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array, completed?: SubtreeListener): void {
    this.appendSubtree(0, leaf, completed);
  }

  /** Appends 2^height leaves at once, by the root over them. Throws RangeError where no such subtree can begin. */
  appendSubtree(height: number, subtree: Uint8Array, completed?: SubtreeListener): void {
    const position = this.#size / 2 ** height;
    if (!Number.isInteger(position)) throw new RangeError(`no subtree of height ${height} begins at ${this.#size}`);
    let root = subtree;
    completed?.(height, root);
    for (let rest = position, grown = height; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#roots.pop();
      if (left === undefined) throw new RangeError('the edge has lost a root');
      root = nodeHash(left, root);
      grown++;
      completed?.(grown, root);
    }
    this.#roots.push(root);
    this.#size += 2 ** height;
  }

  /** Of its complete subtrees, largest first. */
  get roots(): readonly Uint8Array[] {
    return this.#roots;
  }

  root(): Uint8Array {
    return (
      this.#roots.reduceRight<Uint8Array | undefined>(
        (right, left) => (right === undefined ? left : nodeHash(left, right)),
        undefined,
      ) ?? emptyRoot
    );
  }
}

/** Heights of the complete subtrees that make up a tree of `size` leaves, largest first: the bits of `size`. */
export function subtreeHeights(size: number): number[] {
  const heights: number[] = [];
  for (let height = 0, rest = size; rest > 0; height++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) heights.unshift(height);
  }
  return heights;
}
