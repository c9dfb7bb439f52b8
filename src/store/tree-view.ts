import type { Head } from './head.ts';

/** What an engine has at hand is given at once, what it has to fetch is promised. */
export type Awaitable<T> = T | Promise<T>;

/** A log as an engine holds it, for looking only. Throws StoreError, or rejects with it. */
export interface TreeView {
  head(): Awaitable<Head>;
  /** Octets of entries [from, to), without a gap; StoreError `damaged` names the first that is missing or unreadable. */
  entries(from: number, to: number): Awaitable<Uint8Array[]>;
  /** Octets of one entry; undefined when there is none. */
  entry(index: number): Awaitable<Uint8Array | undefined>;
  /** Hashes of a tile, at least those of the durable tree. */
  tile(level: number, n: number): Awaitable<Uint8Array>;
  /** Index of the last entry that is stored, whatever the head says; −1 for none. */
  lastIndex(): Awaitable<number>;
}
