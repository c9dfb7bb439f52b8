/** From, and the first index after it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Indexes that come in ascending order, as the runs that they make. */
export class Runs {
  readonly #spans: { from: number; to: number }[] = [];

  get spans(): readonly Span[] {
    return this.#spans;
  }

  add(index: number): void {
    const last = this.#spans.at(-1);
    if (last?.to === index) last.to++;
    else this.#spans.push({ from: index, to: index + 1 });
  }
}
