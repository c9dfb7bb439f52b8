import { givesWay } from '#store/inventory/give-way.ts';

/** What a thread that follows the log is told of it. */
export interface Grown {
  readonly kind: 'grown';
  /** Entries that a signed, published checkpoint covers. */
  readonly published: number;
  /** Entries that have become durable, published or not, and the ms in which they came. */
  readonly entries: number;
  readonly ms: number;
}

/** Looks at the log at regular times for a thread that follows it. */
export class GrowthLooks {
  readonly #log: { readonly size: number; readonly publishedSize: number };
  #size: number;
  #at: number;
  #told = 0;

  /** `now` here and below: ms on a clock that only goes forward. */
  constructor(log: { readonly size: number; readonly publishedSize: number }, now: number) {
    this.#log = log;
    this.#size = log.size;
    this.#at = now;
  }

  /** The news since the last look; undefined for none. */
  look(now: number): Grown | undefined {
    const { size, publishedSize: published } = this.#log;
    const [entries, ms] = [size - this.#size, now - this.#at];
    [this.#size, this.#at] = [size, now];
    if (entries === 0 && published === this.#told) return undefined;
    this.#told = published;
    return { kind: 'grown', published, entries, ms };
  }

  /** Somebody new listens, who was told nothing yet. */
  beginAnew(): void {
    this.#told = 0;
  }
}

/**
 * How quickly the log grows, as far as a thread was told: what is durable counts, since a burst is over before its end is
 * published. When nothing more is heard it grows less, and not as it did.
 */
export class Growth {
  #entries = 0;
  #ms = 0;
  #at = 0;

  heard({ entries, ms }: Grown, now: number): void {
    [this.#entries, this.#ms, this.#at] = [entries, ms, now];
  }

  /** Whether somebody who is `lag` entries behind lets issuance go first. */
  givesWay(lag: number, now: number): boolean {
    return givesWay(this.#entries, Math.max(this.#ms, now - this.#at), lag);
  }
}
