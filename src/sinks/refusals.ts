import type { News } from './news.ts';

/** ms between two tellings: each is a record, which the sink may refuse as well. */
const everyMs = 60_000;

interface Span {
  from: number;
  to: number;
  count: number;
  error: string;
}

/** Adds up what a sink will never take, so that telling of it cannot go round in a circle. */
export class Refusals {
  readonly #sink: string;
  #toldAt = Number.NEGATIVE_INFINITY;
  #span: Span | undefined;

  constructor(sink: string) {
    this.#sink = sink;
  }

  add(seq: number, error: string): void {
    if (this.#span === undefined) this.#span = { from: seq, to: seq + 1, count: 1, error };
    else {
      this.#span.to = seq + 1;
      this.#span.count++;
    }
  }

  /** What is to be told by now; `elapsed` in ms. */
  take(elapsed: number): News | undefined {
    if (this.#span === undefined || elapsed - this.#toldAt < everyMs) return undefined;
    const span = this.#span;
    this.#toldAt = elapsed;
    this.#span = undefined;
    return { kind: 'refused', sink: this.#sink, ...span };
  }
}
