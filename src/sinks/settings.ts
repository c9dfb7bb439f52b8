import type { FormatName } from './formats.ts';

/** One sink as it is configured: paths absolute, nothing here is a secret. */
export interface SinkSettings {
  /** Unique; the cursor goes by it. */
  readonly name: string;
  readonly format: FormatName;
  readonly to: Target;
  readonly batch: { readonly maxRecords: number; readonly maxOctets: number };
  /** ms for an answer. */
  readonly timeoutMs: number;
  /** ms that the oldest missing entry may be old: at the first a record is written, at the second another. */
  readonly lagMs: readonly [number, number];
}

export type Target = FileTarget | StdoutTarget;

export interface FileTarget {
  readonly kind: 'file';
  readonly directory: string;
  /** Entries of the log that one file is for. */
  readonly entries: number;
}

export interface StdoutTarget {
  readonly kind: 'stdout';
}
