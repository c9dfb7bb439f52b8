/** How quickly the log grows, as far as is known by now: when nothing more is heard it grows less, and not as it did. */
export class Growth {
  #size = 0;
  #at = 0;
  #grown = 0;
  #tookMs = 0;

  /** `at`, ms on a clock that only goes forward. The first is no growth. */
  heard(size: number, at: number): void {
    this.#grown = this.#size === 0 ? 0 : size - this.#size;
    this.#tookMs = at - this.#at;
    this.#size = size;
    this.#at = at;
  }

  /** Entries, and the ms in which they came. */
  by(now: number): { readonly grown: number; readonly ms: number } {
    return { grown: this.#grown, ms: Math.max(this.#tookMs, now - this.#at) };
  }
}
