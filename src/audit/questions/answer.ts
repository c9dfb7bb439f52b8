import type { Related } from './catalogue.ts';

export interface AnsweredRecord {
  readonly index: number;
  /** The entry itself, as the log holds it. */
  readonly entry: Uint8Array;
  /** Another record that belongs to this one, where there is one. `afterMs`: how much later it is. */
  readonly related?: { readonly what: Related; readonly index: number; readonly afterMs: number };
}

export interface Group {
  readonly words: Readonly<Record<string, string | undefined>>;
  readonly count: number;
  /** Leaf index of the newest record of the group. */
  readonly index: number;
}

/** One length of time. */
export interface Rate {
  /** ms since the epoch. */
  readonly start: number;
  readonly count: number;
  /** A week before. */
  readonly weekBefore: number;
  /** Leaf index of the newest record that is counted here; absent where nothing is. */
  readonly index?: number;
}

/** What a question is answered with; it speaks of the log's first `upTo` entries. */
export type Answer = {
  readonly upTo: number;
  /** Of how many of these only the hashes are left, where there are any: of them nothing is answered. */
  readonly dropped?: number;
} & (
  | {
      readonly answer: 'records';
      /** Newest first. */
      readonly records: readonly AnsweredRecord[];
      /** Where the next page begins; absent at the end. A page may be short, even empty, and not be the last. */
      readonly before?: number;
    }
  | { readonly answer: 'groups'; readonly groups: readonly Group[] }
  | { readonly answer: 'rates'; readonly unitMs: number; readonly rates: readonly Rate[] }
);
