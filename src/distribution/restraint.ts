import type { Pace } from '#kubernetes/pace.ts';

/** Writes of one object within `windowMs` after which it is written slowly: somebody else keeps writing something different. */
const most = 20;
const windowMs = 600_000;
const slowlyMs = 30_000;

/** Keeps two writers that disagree from a fight at the speed of the network. */
export class Restraint {
  readonly #pace: Pace;
  readonly #written = new Map<string, number[]>();
  #sweptAt: number;

  constructor(pace: Pace) {
    this.#pace = pace;
    this.#sweptAt = pace.elapsed();
  }

  /** To be called after each write of `key`. */
  wrote(key: string): void {
    this.#sweep();
    this.#written.set(key, [...this.#lately(key), this.#pace.elapsed()]);
  }

  /** ms until `key` may be written again; 0: now. */
  wait(key: string): number {
    const lately = this.#lately(key);
    const last = lately.at(-1);
    return last === undefined || lately.length < most ? 0 : Math.max(0, last + slowlyMs - this.#pace.elapsed());
  }

  /** What rests long enough is forgotten, objects that are gone among it. */
  #sweep(): void {
    if (this.#pace.elapsed() - this.#sweptAt < windowMs) return;
    this.#sweptAt = this.#pace.elapsed();
    for (const key of this.#written.keys()) if (this.#lately(key).length === 0) this.#written.delete(key);
  }

  #lately(key: string): number[] {
    const since = this.#pace.elapsed() - windowMs;
    return (this.#written.get(key) ?? []).filter((at) => at > since);
  }
}
