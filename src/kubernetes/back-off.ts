import type { Pace } from './pace.ts';

export interface BackOffLimits {
  /** ms before the second attempt. */
  readonly firstMs: number;
  readonly mostMs: number;
}

/** A server that asks for more than this is tried all the same. */
const longestRetryAfterMs = 60_000;

/** Waits that double with every failure in a row, each up to half as long again so that many do not return together. */
export class BackOff {
  readonly #limits: BackOffLimits;
  readonly #pace: Pace;
  #failures = 0;

  constructor(limits: BackOffLimits, pace: Pace) {
    this.#limits = limits;
    this.#pace = pace;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Whole ms until the next attempt; what the server asked for comes first, within a bound. */
  next(retryAfterMs?: number): number {
    const doubled = Math.min(this.#limits.mostMs, this.#limits.firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const least = retryAfterMs === undefined ? doubled : Math.min(retryAfterMs, longestRetryAfterMs);
    return Math.round(least * (1 + this.#pace.random() / 2));
  }

  reset(): void {
    this.#failures = 0;
  }
}
