import type { Rate } from './limits.ts';
import { rationPeriod } from './ration.ts';

/**
 * A token bucket whose whole state is one number, the moment in ms at which it is full again (the generic cell rate
 * algorithm, ITU-T I.371): nothing has to run while nobody asks, and a bucket that is full needs no memory at all.
 */
export class Pace {
  readonly perSecond: number;
  /** ms that one certificate takes to be paid back. */
  readonly #interval: number;
  /** ms that the whole burst takes. */
  readonly #depth: number;
  readonly #depthForNew: number;
  readonly #deepest: number;

  /** `kept`: part of the burst that only renewals may use. */
  constructor({ perSecond, burst }: Rate, kept: number) {
    this.perSecond = perSecond;
    this.#interval = 1000 / perSecond;
    this.#depth = burst * this.#interval;
    this.#deepest = this.#depth + Math.max(this.#depth, 2 * rationPeriod(perSecond));
    this.#depthForNew = this.#depth * (1 - kept);
  }

  allows(fullAt: number, now: number, renewal: boolean): boolean {
    // whatever is kept, the first of a full bucket is for anybody
    if (fullAt <= now) return true;
    // Adding up intervals leaves a residue in the last bits of the sum; a thousandth of a millisecond is none.
    return fullAt + this.#interval - now <= (renewal ? this.#depth : this.#depthForNew) + 1e-3;
  }

  /** `fullAt` with one more taken, allowed or by a ration: so a debt may pass the burst, and is held to where it ends soon. */
  charged(fullAt: number, now: number): number {
    return Math.min(Math.max(fullAt, now), now + this.#deepest) + this.#interval;
  }

  refunded(fullAt: number): number {
    return fullAt - this.#interval;
  }
}
