import { openCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import type { Entry } from '#audit/entry.ts';
import type { KeptCheckpoint } from '#audit/kept-checkpoint.ts';
import type { Span } from '#audit/runs.ts';
import { parseVkeys } from '#audit/vkey.ts';
import type { SignedLog } from '../audit/signed-log.ts';
import type { Trust } from '../audit/trust.ts';

/** A log as of one signed checkpoint. */
export interface EvidenceLog extends Said {
  readonly signed: SignedLog;
  /**
   * All records under the checkpoint, each once and in order, with the proof that they are; gives the runs of which only the
   * hashes are left. Throws Failure `no` where they are not: then what was said of them counts for nothing.
   */
  walk(onEntry: (entry: Entry) => void, onProgress: (done: number, all: number) => void): Promise<readonly Span[]>;
}

/** What a log has said of itself. */
export interface Said {
  readonly checkpoint: ReadCheckpoint;
  /** The checkpoint as it was published. */
  readonly note: string;
}

/** What is given beside a log. */
export interface Beside {
  readonly trust: Trust;
  /** Checkpoints of earlier looks. */
  readonly kept: readonly (KeptCheckpoint & { readonly note: string })[];
  readonly archive: string | undefined;
  /** The checkpoint to speak of, where it is not the newest. */
  readonly note: string | undefined;
}

/** The checkpoint that evidence of a log speaks of. Throws Malformed for one that the key has not signed, Failure `no`. */
export function saidOf(log: SignedLog, { trust, note: given }: Beside): Said {
  const note = given ?? log.trustedNote(trust);
  return { note, checkpoint: openCheckpoint(Buffer.from(note), ...parseVkeys(trust.vkey)) };
}
