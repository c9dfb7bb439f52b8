/** So many at once, and so many a second after that: fsync is what a log could use up. */
export class Pace {
  readonly #perSecond: number;
  #left: number;
  #at = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** `now` in ms, on a clock that runs forward. */
  take(now: number): boolean {
    const gained = Math.max(0, now - this.#at) * (this.#perSecond / 1_000);
    this.#left = Math.min(this.#perSecond, this.#left + gained);
    this.#at = Math.max(this.#at, now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
