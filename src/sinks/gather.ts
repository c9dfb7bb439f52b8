import { decodeEntry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import type { RowFormat } from '#export/format.ts';
import type { Batch, Row } from './driver.ts';

/** The log, for looking only. */
export interface Source {
  readonly origin: string;
  /**
   * Octets of entries [from, to), without a gap: undefined where only the hash is left. Rejects where one is missing or the
   * store is out of reach.
   */
  entries(from: number, to: number): Promise<Bodies> | Bodies;
}

type Bodies = readonly (Uint8Array | undefined)[];

/** Entries from `from` on, of what a checkpoint over `covered` entries covers. */
export interface Span {
  readonly from: number;
  readonly covered: number;
}

/** More is to come before it is worth sending; since when the oldest has waited, ms since the epoch. */
export interface Waiting {
  readonly since: number;
}

/** The next batch of what there is. `memo`: what the driver gave with the batch before. */
export type Gather = (span: Span, memo: string | undefined, signal: AbortSignal) => Promise<Batch | Waiting>;

export interface BatchBounds {
  readonly maxRecords: number;
  /** Octets of rows. One row alone may be longer. */
  readonly maxOctets: number;
}

/** Entries read at a time: what one look costs in memory. */
const stride = 256;

/** Rows, as they come. */
export async function gather(
  source: Source,
  format: RowFormat,
  { from, covered }: Span,
  { maxRecords, maxOctets }: BatchBounds,
): Promise<Batch> {
  const rows: Row[] = [];
  const gone: number[] = [];
  let length = 0;
  let to = from;
  while (to < covered && to - from < maxRecords) {
    const until = Math.min(to + stride, covered, from + maxRecords);
    for (const octets of await source.entries(to, until)) {
      const row = octets && rowOf(to, octets, format, { origin: source.origin, checkpointSize: covered });
      if (octets === undefined) gone.push(to);
      if (row !== undefined) {
        if (rows.length > 0 && length + row.octets.length > maxOctets) return { from, to, rows, gone };
        rows.push(row);
        length += row.octets.length;
      }
      to++;
    }
  }
  return { from, to, rows, gone };
}

function rowOf(
  seq: number,
  octets: Uint8Array,
  format: RowFormat,
  of: { readonly origin: string; readonly checkpointSize: number },
): Row | undefined {
  const entry = decodeEntry(octets);
  if (!format.takes(entry)) return undefined;
  return { seq, entry, octets: format.row({ entry, octets, leafHash: leafHash(octets), ...of }) };
}
