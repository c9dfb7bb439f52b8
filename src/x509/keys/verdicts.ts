/** Verdicts by key, the `limit` last used; null means "nothing found". */
export class Verdicts<Verdict extends object> {
  readonly #limit: number;
  readonly #byKey = new Map<string, Verdict | null>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** undefined when this key was not judged, or too long ago. */
  get(key: string): Verdict | null | undefined {
    const verdict = this.#byKey.get(key);
    if (verdict === undefined) return undefined;
    // A Map iterates in the order of insertion: the first one is the one that was not used for longest.
    this.#byKey.delete(key);
    this.#byKey.set(key, verdict);
    return verdict;
  }

  set(key: string, verdict: Verdict | null): void {
    this.#byKey.set(key, verdict);
    if (this.#byKey.size <= this.#limit) return;
    const [oldest] = this.#byKey.keys();
    if (oldest !== undefined) this.#byKey.delete(oldest);
  }
}
