import type { PlacedDisclosure } from '#audit/disclosure.ts';
import type { Dropped } from './dropped-rows.ts';
import type { Head } from './head.ts';

/** What an engine has at hand is given at once, what it has to fetch is promised. */
export type Awaitable<T> = T | Promise<T>;

/** A log as an engine holds it, for looking only. Throws StoreError, or rejects with it. */
export interface TreeView {
  head(): Awaitable<Head>;
  /**
   * Octets of entries [from, to), without a gap: undefined where the log says that they were dropped; StoreError `damaged`
   * names the first that is missing otherwise, or unreadable.
   */
  entries(from: number, to: number): Awaitable<Bodies>;
  /** Octets of one entry; undefined when there is none, or none any more. */
  entry(index: number): Awaitable<Uint8Array | undefined>;
  /** Hashes of a tile, at least those of the durable tree. */
  tile(level: number, n: number): Awaitable<Uint8Array>;
  /** Index of the last entry that is stored, whatever the head says; −1 for none. */
  lastIndex(): Awaitable<number>;
  /** The values that are kept beside entries [from, to), by index and field. */
  disclosures(from: number, to: number): Awaitable<readonly PlacedDisclosure[]>;
  /** What was dropped, as of now. */
  dropped(): Awaitable<Dropped>;
}

/** What proofs are made of. */
export type HashView = Pick<TreeView, 'head' | 'tile'>;

/** Entries in order; undefined where only the hash is left. */
export type Bodies = readonly (Uint8Array | undefined)[];
