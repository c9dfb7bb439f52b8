import type { Checkpoint } from './checkpoint.ts';
import type { RightEdge } from './merkle.ts';
import { checkpointPath } from './tiles.ts';
import { Unverified } from './unverified.ts';

/** What somebody kept of an earlier look: the log must still begin with it. */
export interface KeptCheckpoint {
  /** Where it was kept, for messages. */
  readonly file: string;
  readonly checkpoint: Checkpoint;
}

/** Kept checkpoints, met one after the other as the tree is built anew. */
export class KeptCheckpoints {
  /** Smallest first; those that are yet to be met. */
  readonly #waiting: KeptCheckpoint[];
  #heldUpTo = 0;
  #broken: Unverified | undefined;

  constructor(kept: readonly KeptCheckpoint[]) {
    this.#waiting = kept.toSorted((one, other) => one.checkpoint.size - other.checkpoint.size);
  }

  /** A log never shrinks. Throws Unverified. */
  demandGrowth(size: number): void {
    const largest = this.#waiting.at(-1);
    if (largest === undefined || largest.checkpoint.size <= size) return;
    const { file, checkpoint } = largest;
    throw new Unverified(
      checkpointPath,
      size,
      `it speaks of ${size} entries, and ${file} of ${checkpoint.size}: it is old, or the log was cut`,
    );
  }

  /** Those of a tree as large as this one must have its root; `demandMet` tells of it, once the entries are known to hold. */
  meet(edge: RightEdge): void {
    for (let next = this.#waiting[0]; next?.checkpoint.size === edge.size; next = this.#waiting[0]) {
      const { file, checkpoint } = next;
      if (Buffer.compare(edge.root(), checkpoint.root) === 0) this.#heldUpTo = checkpoint.size;
      else
        this.#broken ??= new Unverified(
          file,
          this.#heldUpTo,
          `the log's first ${checkpoint.size} entries are not those that this was signed over; up to here they are`,
        );
      this.#waiting.shift();
    }
  }

  demandMet(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }
}
