import type { Behind, News } from './news.ts';

/** Tells of a sink that falls behind, at two thresholds, once each until it has caught up. */
export class Lag {
  readonly #thresholds: readonly [number, number];
  #told = 0;
  /** The first entry that was missing when this was first told. */
  #from: number | undefined;

  /** ms, the smaller first. */
  constructor(thresholds: readonly [number, number]) {
    this.#thresholds = thresholds;
  }

  look(behind: Behind): News | undefined {
    const passed = this.#thresholds.filter((threshold) => behind.lagMs >= threshold).length;
    if (passed > this.#told) {
      this.#told = passed;
      this.#from ??= behind.from;
      return { kind: 'gap', ...behind };
    }
    // Records keep coming, so that it may never have all; and at the threshold itself it would go back and forth.
    if (this.#from === undefined || behind.lagMs * 2 > this.#thresholds[0]) return undefined;
    const { sink, from: to, lagMs } = behind;
    const from = this.#from;
    this.#told = 0;
    this.#from = undefined;
    return { kind: 'caught-up', sink, from, to, lagMs };
  }
}
