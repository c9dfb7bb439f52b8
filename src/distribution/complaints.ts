import type { Pace } from '#kubernetes/pace.ts';

/** ms in which the same complaint is made once. */
const quietMs = 60_000;
const maxKinds = 100;

/** Says what is wrong, but not once per object and try: a missing permission fails thousands of writes alike. */
export class Complaints {
  readonly #pace: Pace;
  readonly #tell: (message: string) => void;
  readonly #saidAt = new Map<string, number>();

  constructor(pace: Pace, tell: (message: string) => void) {
    this.#pace = pace;
    this.#tell = tell;
  }

  /** `kind`: what counts as the same complaint. */
  say(message: string, kind = message): void {
    const now = this.#pace.elapsed();
    const before = this.#saidAt.get(kind);
    if (before !== undefined && now - before < quietMs) return;
    if (this.#saidAt.size >= maxKinds) this.#saidAt.clear();
    this.#saidAt.set(kind, now);
    this.#tell(message);
  }
}
