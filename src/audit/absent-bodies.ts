import { DroppedRanges, droppedBy } from './dropped.ts';
import type { Entry } from './entry.ts';
import type { PublishedBundle } from './published-bundle.ts';
import { named } from './published-bundle.ts';
import { bundlePath, tileWidth } from './tiles.ts';
import { Unverified } from './unverified.ts';

/** From, and the first index after it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Bodies that are not there, and what the log itself says was dropped: known for good at its end alone. */
export class AbsentBodies {
  readonly #said = new DroppedRanges();
  readonly #spans: { from: number; to: number }[] = [];

  /** Those of bundle `n`. */
  note({ entries }: PublishedBundle, n: number): void {
    for (const [at, entry] of entries.entries()) {
      if (entry !== undefined) continue;
      const index = n * tileWidth + at;
      const last = this.#spans.at(-1);
      if (last?.to === index) last.to++;
      else this.#spans.push({ from: index, to: index + 1 });
    }
  }

  hear(file: string, entry: Entry): void {
    const range = named(file, entry.seq, () => droppedBy(entry));
    if (range !== undefined) this.#said.add(range);
  }

  /** Runs of records of which only the hashes are left. Throws Unverified for the first that no record says was dropped. */
  demandSaid(): readonly Span[] {
    for (const { from, to } of this.#spans)
      for (let index = from; index < to; index++)
        if (!this.#said.covers(index))
          throw new Unverified(
            bundlePath(Math.floor(index / tileWidth)),
            index,
            'the entry is missing, and no record of the log says that it was dropped',
          );
    return this.#spans;
  }
}
