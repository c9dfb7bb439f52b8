import { Refusal } from '#refusal/refusal.ts';

/** So many at a time, so many that wait, and everybody after those is told at once: Refusal `overload`. */
export class Turns {
  readonly #atWork: number;
  readonly #waiting: number;
  readonly #queue: (() => void)[] = [];
  #busy = 0;

  constructor(atWork: number, waiting: number) {
    this.#atWork = atWork;
    this.#waiting = waiting;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#atWork) {
      if (this.#queue.length >= this.#waiting) throw new Refusal('overload', 'too many are waiting; try again later');
      // who ends hands its place on: it stays busy
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else this.#busy += 1;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }
}
