import type { Pace } from './pace.ts';

export interface BackOffLimits {
  /** ms before the second attempt. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** A server that asks for more than this is tried all the same; a minute unless told. */
  readonly longestAskedMs?: number;
}

const longestAskedMs = 60_000;

/** Waits that double with every failure in a row, each up to half as long again so that many do not return together. */
export class BackOff {
  readonly #limits: BackOffLimits;
  readonly #pace: Pace;
  #failures = 0;
  #doublings = 0;

  constructor(limits: BackOffLimits, pace: Pace) {
    this.#limits = limits;
    this.#pace = pace;
  }

  get failures(): number {
    return this.#failures;
  }

  /**
   * Whole ms until the next attempt; what the server asked for comes first, within a bound. `mostMs`: the longest after a
   * failure of this kind; however many there were of it, another kind goes on from there.
   */
  next(retryAfterMs?: number, mostMs = this.#limits.mostMs): number {
    const doubled = this.#limits.firstMs * 2 ** this.#doublings;
    if (doubled < mostMs) this.#doublings += 1;
    this.#failures += 1;
    const longest = this.#limits.longestAskedMs ?? longestAskedMs;
    const least = retryAfterMs === undefined ? Math.min(mostMs, doubled) : Math.min(retryAfterMs, longest);
    return Math.round(least * (1 + this.#pace.random() / 2));
  }

  reset(): void {
    this.#failures = 0;
    this.#doublings = 0;
  }
}
