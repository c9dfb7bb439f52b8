import { existsSync } from 'node:fs';
import { openCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import type { Entry } from '#audit/entry.ts';
import type { KeptCheckpoint } from '#audit/kept-checkpoint.ts';
import type { HashSource } from '#audit/merkle-proof.ts';
import type { Span } from '#audit/runs.ts';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { PublishedLog } from '../audit/published-log.ts';
import type { Trust } from '../audit/trust.ts';
import { Failure } from '../failure.ts';
import type { EvidenceLog } from './evidence-log.ts';

export interface Beside {
  readonly trust: Trust;
  /** Checkpoints of earlier looks. */
  readonly kept: readonly (KeptCheckpoint & { readonly note: string })[];
  readonly archive: string | undefined;
  /** The checkpoint to speak of, where it is not the newest. */
  readonly note: string | undefined;
}

/** A published folder. A server may go on writing it: what came after the checkpoint is left aside. */
export class PublishedEvidence implements EvidenceLog {
  readonly name: string;
  readonly note: string;
  readonly checkpoint: ReadCheckpoint;
  readonly #log: PublishedLog;
  readonly #beside: Beside;

  /** Throws Failure, or Malformed for a checkpoint that the key has not signed. */
  constructor(directory: string, beside: Beside) {
    if (!existsSync(directory)) throw new Failure('input', `${directory}: there is no such folder`);
    const { vkey } = beside.trust;
    this.name = directory;
    this.#beside = beside;
    this.#log = new PublishedLog(directory);
    this.note = beside.note ?? this.#log.trustedNote(beside.trust);
    this.checkpoint = openCheckpoint(Buffer.from(this.note), ...parseVkeys(vkey));
  }

  async walk(
    onEntry: (entry: Entry) => void,
    onProgress: (done: number, all: number) => void,
  ): Promise<readonly Span[]> {
    const { checkpoint } = this;
    const { trust, kept, archive } = this.#beside;
    try {
      const { hashesOnly } = await verifyDirectory(this.name, trust.vkey, {
        archive,
        kept: [...kept, { file: 'the checkpoint that this is about', checkpoint }],
        onProgress,
        onEntry: (entry) => {
          if (entry.seq < checkpoint.size) onEntry(entry);
        },
      });
      return hashesOnly
        .map(({ from, to }) => ({ from, to: Math.min(to, checkpoint.size) }))
        .filter(({ from, to }) => from < to);
    } catch (thrown) {
      if (!(thrown instanceof Unverified)) throw thrown;
      throw new Failure('no', `${this.name} is not verified: ${thrown.message}`, undefined, { cause: thrown });
    }
  }

  entries(from: number, to: number) {
    return this.#log.entries(from, to);
  }

  overHashes<T>(work: (hashes: HashSource) => T): T {
    return work(this.#log.hashes);
  }

  close(): void {}
}
