/** Keys of one rule that are told apart within its quiet time; what comes past them is told as one. */
export const mostKeys = 100;

/** Of one key an alert is told once within a time, and of very many keys as of one. */
export class Silences {
  readonly #quietMs: number;
  /** Key → when it may be told again, in that order. */
  readonly #until = new Map<string, number>();
  #overflowUntil = Number.NEGATIVE_INFINITY;

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /** How this would be told now; undefined while there is silence about it. */
  wouldTell(key: string, time: number): 'key' | 'overflow' | undefined {
    for (const [silent, until] of this.#until) {
      if (until > time) break;
      this.#until.delete(silent);
    }
    if (this.#until.has(key)) return undefined;
    if (this.#until.size < mostKeys) return 'key';
    return this.#overflowUntil > time ? undefined : 'overflow';
  }

  tell(how: 'key' | 'overflow', key: string, time: number): void {
    if (how === 'overflow') this.#overflowUntil = time + this.#quietMs;
    else this.#until.set(key, time + this.#quietMs);
  }
}
