import { DroppedRanges, droppedBy } from './dropped.ts';
import type { Entry } from './entry.ts';
import type { PublishedBundle } from './published-bundle.ts';
import { named } from './published-bundle.ts';
import { Runs, type Span } from './runs.ts';
import { bundlePath, tileWidth } from './tiles.ts';
import { Unverified } from './unverified.ts';

/** Bodies that are not there, and what the log itself says was dropped: known for good at its end alone. */
export class AbsentBodies {
  readonly #said = new DroppedRanges();
  readonly #runs = new Runs();

  /** Those of bundle `n`. */
  note({ entries }: PublishedBundle, n: number): void {
    for (const [at, entry] of entries.entries()) if (entry === undefined) this.#runs.add(n * tileWidth + at);
  }

  hear(file: string, entry: Entry): void {
    const range = named(file, entry.seq, () => droppedBy(entry));
    if (range !== undefined) this.#said.add(range);
  }

  /** Runs of records of which only the hashes are left. Throws Unverified for the first that no record says was dropped. */
  demandSaid(): readonly Span[] {
    for (const { from, to } of this.#runs.spans)
      for (let index = from; index < to; index++)
        if (!this.#said.covers(index))
          throw new Unverified(
            bundlePath(Math.floor(index / tileWidth)),
            index,
            'the entry is missing, and no record of the log says that it was dropped',
          );
    return this.#runs.spans;
  }
}
