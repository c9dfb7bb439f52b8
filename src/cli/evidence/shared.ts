import { openCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { emptyRoot } from '#audit/merkle.ts';
import { type HashSource, rangeRoot } from '#audit/merkle-proof.ts';
import type { Span } from '#audit/runs.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { PostgresLook } from '#store/postgres/look.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { StoreError } from '#store/store-error.ts';
import { overHashes } from '#store/tree-hashes.ts';
import type { Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { EvidenceLog } from './evidence-log.ts';
import type { Beside } from './published.ts';

/** Entries read at a time. */
const stride = 1_024;

/** A log that replicas share in a PostgreSQL, on a machine that publishes nothing of it. */
export class SharedEvidence implements EvidenceLog {
  readonly name: string;
  readonly note: string;
  readonly checkpoint: ReadCheckpoint;
  readonly #settings: PostgresSettings;
  readonly #look: PostgresLook;
  readonly #beside: Beside;

  private constructor(settings: PostgresSettings, look: PostgresLook, beside: Beside, note: string) {
    this.name = placeOf(settings);
    this.note = note;
    this.checkpoint = openCheckpoint(Buffer.from(note), ...parseVkeys(beside.trust.vkey));
    this.#settings = settings;
    this.#look = look;
    this.#beside = beside;
  }

  /** Throws Failure `unavailable` before anything was signed; rejects with StoreError. */
  static async open(settings: PostgresSettings, beside: Beside): Promise<SharedEvidence> {
    const look = new PostgresLook(settings);
    try {
      const note = beside.note ?? (await look.checkpoint());
      if (note === undefined) throw new Failure('unavailable', `${placeOf(settings)}: no checkpoint was signed yet`);
      return new SharedEvidence(settings, look, beside, note);
    } catch (thrown) {
      await look.close();
      throw thrown;
    }
  }

  async walk(
    onEntry: (entry: Entry) => void,
    onProgress: (done: number, all: number) => void,
  ): Promise<readonly Span[]> {
    const { size } = this.checkpoint;
    await this.#verify(onProgress);
    const spans: { from: number; to: number }[] = [];
    for (let from = 0; from < size; from += stride) {
      const bodies = await this.entries(from, Math.min(from + stride, size));
      for (const [at, octets] of bodies.entries()) {
        const last = spans.at(-1);
        if (octets !== undefined) onEntry(decodeEntry(octets));
        else if (last?.to === from + at) last.to++;
        else spans.push({ from: from + at, to: from + at + 1 });
      }
      onProgress(Math.min(from + stride, size), size);
    }
    return spans;
  }

  async entries(from: number, to: number): Promise<Bodies> {
    return this.#look.tree.entries(from, to);
  }

  overHashes<T>(work: (hashes: HashSource) => T): Promise<T> {
    return overHashes(this.#look.tree, work);
  }

  close(): Promise<void> {
    return this.#look.close();
  }

  /** The whole of it, row by row; then each checkpoint against it. */
  async #verify(onProgress: (done: number, all: number) => void): Promise<void> {
    try {
      const head = await verifyPostgres(this.#settings, onProgress);
      for (const { file, checkpoint } of [
        ...this.#beside.kept,
        { file: 'its checkpoint', checkpoint: this.checkpoint },
      ]) {
        const { size, root } = checkpoint;
        if (size > head.size) throw this.#unverified(`it has ${head.size} records, and ${file} speaks of ${size}`);
        const found = size === 0 ? emptyRoot : await this.overHashes((hashes) => rangeRoot(hashes, 0, size));
        if (Buffer.compare(found, root) !== 0)
          throw this.#unverified(`its first ${size} records are not those that ${file} was signed over`);
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreError) || thrown.code === 'unreachable') throw thrown;
      throw this.#unverified(thrown.message, thrown);
    }
  }

  #unverified(problem: string, cause?: unknown): Failure {
    return new Failure('no', `${this.name} is not verified: ${problem}`, undefined, { cause });
  }
}
