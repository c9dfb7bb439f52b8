import type { Clock } from '#issuance/ports.ts';

const maxKeys = 4096;

/** Keys that count for a moment after they were added; the oldest go first when there are too many. */
export class BriefMemory {
  readonly #ms: number;
  readonly #clock: Clock;
  /** Key → when it was added, oldest first. */
  readonly #added = new Map<string, number>();

  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  has(key: string): boolean {
    const age = this.#clock.now() - (this.#added.get(key) ?? Number.NEGATIVE_INFINITY);
    // a clock that is set back must not make a moment an hour
    return age >= 0 && age < this.#ms;
  }

  add(key: string): void {
    this.#added.delete(key);
    this.#added.set(key, this.#clock.now());
    for (const oldest of this.#added.keys()) {
      if (this.#added.size <= maxKeys) break;
      this.#added.delete(oldest);
    }
  }
}
