import { generateKeyPairSync } from 'node:crypto';
import { formatAddCheckpoint } from '#audit/add-checkpoint.ts';
import { type CheckpointKey, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { consistencyProof } from '#audit/merkle-proof.ts';
import { referenceRoot, sourceOf } from '#test/audit/reference-tree.ts';

const words = (word: string) => Array.from({ length: 40 }, (_, n) => Buffer.from(`${word}-${n}`));

export const newLogKey = (origin: string): CheckpointKey =>
  softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, origin);

/** A log of words, which says whatever a test has it say. */
export class SpokenLog {
  readonly key: CheckpointKey;
  readonly #entries: readonly Uint8Array[];

  constructor(key: CheckpointKey, entries: readonly Uint8Array[] = words('entry')) {
    this.key = key;
    this.#entries = entries;
  }

  /** The same key and origin, and another history from entry `from` on. */
  forkedAt(from: number): SpokenLog {
    return new SpokenLog(this.key, [...this.#entries.slice(0, from), ...words('forged').slice(from)]);
  }

  checkpoint(size: number): Promise<string> {
    return signCheckpoint(this.key, size, referenceRoot(this.#entries.slice(0, size)));
  }

  proof(older: number, newer: number): readonly Uint8Array[] {
    return consistencyProof(sourceOf(this.#entries.slice(0, newer)), older, newer);
  }

  /** The body of an `add-checkpoint`; honest unless another proof is given. */
  async asks(old: number, size: number, proof = this.proof(old, size)): Promise<string> {
    return formatAddCheckpoint({ old, proof, checkpoint: await this.checkpoint(size) });
  }
}
