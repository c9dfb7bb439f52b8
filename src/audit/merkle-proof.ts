import { nodeHash, splitPoint } from './merkle.ts';

/** Where proofs take their hashes from: the root of the complete subtree of 2^height leaves that begins at index·2^height. */
export interface HashSource {
  subtree(height: number, index: number): Uint8Array;
}

/** Root over leaves [from, to), for `from` a multiple of the largest power of two below to − from. */
export function rangeRoot(source: HashSource, from: number, to: number): Uint8Array {
  const size = to - from;
  const height = Math.log2(size);
  if (Number.isInteger(height) && 2 ** height === size) return source.subtree(height, from / size);
  const middle = from + splitPoint(size);
  return nodeHash(rangeRoot(source, from, middle), rangeRoot(source, middle, to));
}

/** Audit path of leaf `index` in the tree of `size` leaves, the leaf's sibling first (RFC 6962 §2.1.1). */
export function inclusionProof(source: HashSource, index: number, size: number): Uint8Array[] {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  }
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    if (index < middle) {
      path.push(rangeRoot(source, middle, to));
      to = middle;
    } else {
      path.push(rangeRoot(source, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** Proof that the tree of `older` leaves is a prefix of the tree of `newer` leaves (RFC 6962 §2.1.2). */
export function consistencyProof(source: HashSource, older: number, newer: number): Uint8Array[] {
  if (!(Number.isSafeInteger(older) && Number.isSafeInteger(newer) && older >= 0 && older <= newer)) {
    throw new RangeError(`no proof from size ${older} to size ${newer}`);
  }
  if (older === 0 || older === newer) return [];
  const path: Uint8Array[] = [];
  let from = 0;
  let to = newer;
  // Whether [from, older) is the whole older tree, whose root the verifier already has.
  let whole = true;
  while (to !== older) {
    const middle = from + splitPoint(to - from);
    if (older <= middle) {
      path.push(rangeRoot(source, middle, to));
      to = middle;
    } else {
      path.push(rangeRoot(source, from, middle));
      from = middle;
      whole = false;
    }
  }
  if (!whole) path.push(rangeRoot(source, from, to));
  return path.reverse();
}

/** Root of the tree of `size` leaves in which `path` leads from `leaf` at `index`; undefined when the path does not fit. */
export function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) return undefined;
  let position = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (position % 2 === 1 || position === last) {
      root = nodeHash(sibling, root);
      // A node without a right neighbour rises unhashed until it is a right child.
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : undefined;
}

/** True when `proof` shows that the older tree with `olderRoot` is a prefix of the newer with `newerRoot`. */
export function isConsistent(
  older: { readonly size: number; readonly root: Uint8Array },
  newer: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && equal(older.root, newer.root);
  if (older.size === 0) return proof.length === 0;
  const path = Number.isInteger(Math.log2(older.size)) ? [older.root, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let position = older.size - 1;
  let last = newer.size - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  let olderRoot = first;
  let newerRoot = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      olderRoot = nodeHash(sibling, olderRoot);
      newerRoot = nodeHash(sibling, newerRoot);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      newerRoot = nodeHash(newerRoot, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equal(olderRoot, older.root) && equal(newerRoot, newer.root);
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
