import type { Pace } from './pace.ts';

/** Calls `tooLong` whenever nothing was heard for `ms`, and again every `ms` from then on. One timer, however much is heard. */
export class Silence implements Disposable {
  readonly #pace: Pace;
  readonly #ms: number;
  readonly #tooLong: () => void;
  #heardAt: number;
  #cancel: () => void;

  constructor(pace: Pace, ms: number, tooLong: () => void) {
    this.#pace = pace;
    this.#ms = ms;
    this.#tooLong = tooLong;
    this.#heardAt = pace.elapsed();
    this.#cancel = pace.after(ms, () => this.#look());
  }

  heard(): void {
    this.#heardAt = this.#pace.elapsed();
  }

  #look(): void {
    const left = this.#heardAt + this.#ms - this.#pace.elapsed();
    if (left <= 0) this.heard();
    this.#cancel = this.#pace.after(left > 0 ? left : this.#ms, () => this.#look());
    if (left <= 0) this.#tooLong();
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }
}
