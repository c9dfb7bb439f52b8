const firstMs = 1_000;
const longestMs = 5 * 60_000;

/** When somebody who failed is asked again, and whether they are waited for. */
export class BackOff {
  #failures = 0;
  #until = 0;

  /** Whoever has failed is on trial: asked now and then, and not waited for. */
  get onTrial(): boolean {
    return this.#failures > 0;
  }

  /** `now` on a clock that runs forward, ms. */
  mayAsk(now: number): boolean {
    return now >= this.#until;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }

  failed(now: number): void {
    this.#until = now + Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures++;
  }
}
