import type { Entry } from '#audit/entry.ts';

/** A record on its way out of the log, with its place there. */
export interface Outgoing {
  readonly entry: Entry;
  /** The same in canonical form: what was hashed. */
  readonly octets: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly origin: string;
  /** Of the signed checkpoint that covers it. */
  readonly checkpointSize: number;
}

/** How records are written for a sink: each stands for itself. */
export interface Encoder {
  /** Before the first row of a file. */
  readonly head: Uint8Array;
  /** Whether a record has a row at all. */
  takes(entry: Entry): boolean;
  row(record: Outgoing): Uint8Array;
}
