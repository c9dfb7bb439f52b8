export interface RepeatBounds {
  /** ms that one count speaks of. */
  readonly window: number;
  /** Kinds told apart; what comes past them is counted as the coarser kind that it belongs to. */
  readonly kinds: number;
}

/** What many lines have in common. */
export interface Counted<Like> {
  readonly like: Like;
  readonly count: number;
}

interface Counting<Like> {
  readonly like: Like;
  windowEnd: number;
  count: number;
}

/** Tells the first of a kind from those that are like it, and counts these. Pure: time, in ms, is handed in. */
export class Repeats<Like> {
  readonly #bounds: RepeatBounds;
  readonly #counting = new Map<string, Counting<Like>>();

  constructor(bounds: RepeatBounds) {
    this.#bounds = bounds;
  }

  /** Kinds that are known: while there are any, `due` has to be asked again. */
  get kinds(): number {
    return this.#counting.size;
  }

  /** True for the first of its kind, which is to be told whole. `coarse` stands for what finds no room of its own. */
  offer(kind: string, like: Like, coarse: { readonly kind: string; readonly like: Like }, now: number): boolean {
    const known = this.#counting.get(kind);
    if (known !== undefined) {
      known.count++;
      return false;
    }
    const windowEnd = now + this.#bounds.window;
    if (this.#counting.size < this.#bounds.kinds) {
      this.#counting.set(kind, { like, windowEnd, count: 0 });
      return true;
    }
    const others = this.#counting.get(coarse.kind);
    if (others !== undefined) others.count++;
    else this.#counting.set(coarse.kind, { like: coarse.like, windowEnd, count: 1 });
    return false;
  }

  /** The counts of windows that have ended. A kind that was quiet for a whole window is forgotten: its next is a first. */
  due(now: number): Counted<Like>[] {
    const ended: Counted<Like>[] = [];
    for (const [kind, counting] of this.#counting) {
      if (counting.windowEnd > now) continue;
      if (counting.count > 0) ended.push({ like: counting.like, count: counting.count });
      else this.#counting.delete(kind);
      counting.count = 0;
      counting.windowEnd = now + this.#bounds.window;
    }
    return ended;
  }

  /** All that is counted, ended or not. */
  drain(): Counted<Like>[] {
    return this.due(Number.POSITIVE_INFINITY);
  }
}
