import type { Entry } from '#audit/entry.ts';

/** One record as a sink gets it. */
export interface Row {
  readonly seq: number;
  readonly entry: Entry;
  readonly octets: Uint8Array;
}

/** Entries [from, to) of the log; a format may have no row for some. */
export interface Batch {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Row[];
  /** Those of which the log itself has only the hash left. */
  readonly gone: readonly number[];
  /** Instead of rows: its records as one object, for a sink that takes such. Absent where there are none. */
  readonly packed?: Packed;
}

export interface Packed {
  readonly octets: Uint8Array;
  readonly records: number;
  /** When the first was recorded. */
  readonly time: string;
  /** Entries under the checkpoint that they refer to. */
  readonly covered: number;
}

/** Records in a batch below entry `next`. */
export function recordsBelow(next: number, { to, rows, packed }: Batch): number {
  if (packed !== undefined) return next >= to ? packed.records : 0;
  return rows.filter(({ seq }) => seq < next).length;
}

/** What a sink says to a batch. */
export type Outcome =
  /** It has all of it, or all below `next`, for good. `memo` is handed to it with the next batch. */
  | { readonly kind: 'accepted'; readonly next?: number; readonly memo?: string }
  /** Nothing is certain: the same again later, at the earliest after `afterMs`. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** It has all but the rows at these places, which it will never take: the reason by place in the batch. */
  | { readonly kind: 'refused'; readonly rows: ReadonlyMap<number, string> }
  /** It will never take some of it, and does not say which. */
  | { readonly kind: 'doubtful'; readonly reason: string }
  /** It will not take this as one; fewer at once, or single ones, perhaps. */
  | { readonly kind: 'unfit'; readonly reason: string };

export const accepted: Outcome = { kind: 'accepted' };

export const retry = (reason: string, afterMs?: number): Outcome => ({
  kind: 'retry',
  reason,
  ...(afterMs !== undefined && { afterMs }),
});

/** A way to one kind of receiver. One batch at a time; what it throws counts as `retry`. */
export interface Driver {
  /** `memo` is what it gave with the batch before, by whichever process that was sent. */
  send(batch: Batch, memo: string | undefined, signal: AbortSignal): Promise<Outcome>;
  /** Whether it would take a batch, where asking must leave nothing behind; else a batch is sent. */
  probe?(signal: AbortSignal): Promise<Outcome>;
  close(): Promise<void>;
}
