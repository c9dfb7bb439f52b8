import type { Clock } from '../ports.ts';

/**
 * ms that only go forward: when the clock is set back, what has passed until then stays passed, so that no debt seems
 * longer than it was made. A clock set forward pays all debts, once.
 */
export class ForwardTime {
  readonly #clock: Clock;
  #seen: number;
  #time = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seen = clock.now();
  }

  now(): number {
    const seen = this.#clock.now();
    if (seen > this.#seen) this.#time += seen - this.#seen;
    this.#seen = seen;
    return this.#time;
  }
}
