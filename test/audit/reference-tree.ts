import { emptyRoot, leafHash, nodeHash } from '#audit/merkle.ts';
import type { HashSource } from '#audit/merkle-proof.ts';

/** RFC 6962 §2.1 word for word: recursive, slow, and obviously right. */
export function referenceRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries;
  if (only === undefined) return emptyRoot;
  if (entries.length === 1) return leafHash(only);
  const k = largestPowerBelow(entries.length);
  return nodeHash(referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)));
}

/** PATH(m, D[n]). */
export function referencePath(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return m < k
    ? [...referencePath(m, left), referenceRoot(right)]
    : [...referencePath(m - k, right), referenceRoot(left)];
}

/** SUBPROOF(m, D[n], b). */
export function referenceConsistency(m: number, entries: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (m === entries.length) return whole ? [] : [referenceRoot(entries)];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return m <= k
    ? [...referenceConsistency(m, left, whole), referenceRoot(right)]
    : [...referenceConsistency(m - k, right, false), referenceRoot(left)];
}

function largestPowerBelow(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

/** Hashes straight from the entries. */
export function sourceOf(entries: readonly Uint8Array[]): HashSource {
  return {
    subtree: (height, index) => referenceRoot(entries.slice(index * 2 ** height, (index + 1) * 2 ** height)),
  };
}
