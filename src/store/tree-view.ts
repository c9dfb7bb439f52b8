import type { HashSource } from '#audit/merkle-proof.ts';

/** What publishing and proving need of a store: any engine's view of its durable tree. */
export interface TreeView {
  /** Number of durable entries. */
  size(): number;
  /** Octets of entries [from, to), without a gap. */
  entries(from: number, to: number): Uint8Array[];
  /** Hashes of a tile, at least those of the durable tree. */
  tile(level: number, n: number): Uint8Array;
  hashes(): HashSource;
}
