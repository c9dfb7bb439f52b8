import type { ReadCheckpoint } from '#audit/checkpoint.ts';
import type { Entry } from '#audit/entry.ts';
import type { HashSource } from '#audit/merkle-proof.ts';
import type { Span } from '#audit/runs.ts';
import type { Awaitable, Bodies } from '#store/tree-view.ts';

/** A log as of one signed checkpoint. */
export interface EvidenceLog {
  readonly name: string;
  readonly checkpoint: ReadCheckpoint;
  /** The checkpoint as it was published. */
  readonly note: string;
  /**
   * All records under the checkpoint, each once and in order, with the proof that they are; gives the runs of which only the
   * hashes are left. Throws Failure `no` where they are not: then what was said of them counts for nothing.
   */
  walk(onEntry: (entry: Entry) => void, onProgress: (done: number, all: number) => void): Promise<readonly Span[]>;
  entries(from: number, to: number): Awaitable<Bodies>;
  /** Which hashes `work` asks for may hang on sizes and indexes alone, never on hashes. */
  overHashes<T>(work: (hashes: HashSource) => T): Awaitable<T>;
  close(): Awaitable<void>;
}
