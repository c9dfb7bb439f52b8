/** What has to outlive the process: PEM of the roots as they are in the files, and of those that left them, with the time, ms. */
export interface RootsKnown {
  readonly own: readonly string[];
  readonly retired: readonly { readonly root: string; readonly leftAt: number }[];
}

/** Roots kept beyond what any bundle of ours may hold are let go, the earliest first. */
const mostRetired = 64;

/**
 * A root that left the files stays in every answer for a while, because certificates under it live on: who takes it away
 * from those that verify ends them at once.
 */
export class RootOverlap {
  readonly #overlapMs: number;
  readonly #now: () => number;
  #own: ReadonlySet<string>;
  readonly #retired: Map<string, number>;

  /** An overlap of 0 ms lets go at once. `now` in ms; `known` is what an earlier process left. */
  constructor(overlapMs: number, now: () => number, known: RootsKnown = { own: [], retired: [] }) {
    this.#overlapMs = overlapMs;
    this.#now = now;
    this.#own = new Set(known.own);
    this.#retired = new Map(known.retired.map(({ root, leftAt }) => [root, leftAt]));
  }

  /** `own`, and after them the roots that would still be kept beside them now. */
  with(own: readonly string[]): string[] {
    return [...own, ...this.#keptBeside(new Set(own)).keys()];
  }

  /** From now on the files hold `own`. */
  take(own: readonly string[]): void {
    const next = new Set(own);
    const kept = this.#keptBeside(next);
    this.#own = next;
    this.#retired.clear();
    for (const [root, leftAt] of kept) this.#retired.set(root, leftAt);
  }

  get known(): RootsKnown {
    return { own: [...this.#own], retired: [...this.#retired].map(([root, leftAt]) => ({ root, leftAt })) };
  }

  /** Root → when it left. A clock that was set back makes it stay longer, never shorter. */
  #keptBeside(own: ReadonlySet<string>): Map<string, number> {
    const now = this.#now();
    const left = new Map(this.#retired);
    for (const root of this.#own) if (!own.has(root) && !left.has(root)) left.set(root, now);
    const kept = [...left].filter(([root, leftAt]) => !own.has(root) && now - leftAt < this.#overlapMs);
    return new Map(kept.sort(([, one], [, other]) => one - other).slice(-mostRetired));
  }
}

/** What was handed out. */
export const bundleOf = ({ own, retired }: RootsKnown): string => [...own, ...retired.map(({ root }) => root)].join('');
