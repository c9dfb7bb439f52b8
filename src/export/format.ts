import type { Entry } from '#audit/entry.ts';

/** A record on its way out of the log, with its place there. */
export interface Exported {
  readonly entry: Entry;
  /** The same in canonical form: what was hashed. */
  readonly octets: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly origin: string;
  /** Of the signed checkpoint that covers it. */
  readonly checkpointSize: number;
}

/** One way to write records for others. Pure: the same record has the same octets, whoever writes it and when. */
export interface Format {
  /** A line about it, for help and documents. */
  readonly about: string;
  /** Grows when the same record is written otherwise than before: a file can be made again by the same mapping alone. */
  readonly mapping: number;
  /** Each row is the entry itself, so that it hashes to its leaf without the log. */
  readonly holdsEntries: boolean;
  /** Whether a record has a row here. */
  takes(entry: Entry): boolean;
  open(): Encoding;
}

/** What is written, from left to right. */
export interface Encoding {
  /** Before the first row. */
  readonly head: Uint8Array;
  /** One more record. Empty where the octets come later. */
  add(record: Exported): Uint8Array;
  /** After the last row. */
  end(): Uint8Array;
}

const nothing = new Uint8Array();

/** A format whose rows stand for themselves: an interrupted file goes on with the next row, and a sink may send one alone. */
export interface RowFormat extends Format {
  readonly head: Uint8Array;
  row(record: Exported): Uint8Array;
}

type Rows = Omit<RowFormat, 'head' | 'takes' | 'open'> & Partial<Pick<RowFormat, 'head' | 'takes'>>;

export function rowFormat({ head = nothing, takes = () => true, ...rest }: Rows): RowFormat {
  return { ...rest, head, takes, open: () => ({ head, add: rest.row, end: () => nothing }) };
}
