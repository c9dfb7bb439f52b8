/** Waits between tries after a failure, ms: the old certificate stays in use meanwhile. */
const retryMs = 20_000;
/** Node's timers overflow past 2^31-1 ms; a long wait is taken in steps. */
const longestTimerMs = 2_000_000_000;
/** Under an issuer at its end lifetimes shrink towards nothing; renewals must not follow them into a tight loop. */
const shortestWaitMs = 10_000;

export interface Lifetime {
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface RenewalParts<T extends Lifetime> {
  readonly make: () => Promise<T>;
  /** Puts the new one to use. */
  readonly apply: (made: T) => void | Promise<void>;
  readonly failed: (error: unknown, retryInMs: number) => void;
  /** Share of the lifetime after which the next one is made, 0.1..0.9. */
  readonly renewAt: number;
  readonly now: () => number;
}

/** Keeps something that expires fresh: made once at start, again at a share of its life, again soon after a failure. */
export class Renewal<T extends Lifetime> {
  readonly #parts: RenewalParts<T>;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: RenewalParts<T>) {
    this.#parts = parts;
  }

  /** Rejects when the first one cannot be made: there is nothing to go on with. */
  async start(): Promise<T> {
    const first = await this.#parts.make();
    await this.#parts.apply(first);
    this.#schedule(this.#dueAt(first));
    return first;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Makes and applies the next one now, whatever its time. */
  async renew(): Promise<void> {
    try {
      const made = await this.#parts.make();
      await this.#parts.apply(made);
      this.#schedule(this.#dueAt(made));
    } catch (error) {
      this.#parts.failed(error, retryMs);
      this.#schedule(this.#parts.now() + retryMs);
    }
  }

  #dueAt({ notBefore, notAfter }: T): number {
    return (notBefore + (notAfter - notBefore) * this.#parts.renewAt) * 1000;
  }

  #schedule(dueAt: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const wait = Math.max(shortestWaitMs, dueAt - this.#parts.now());
    this.#timer = setTimeout(
      () => (wait > longestTimerMs ? this.#schedule(dueAt) : void this.renew()),
      Math.min(wait, longestTimerMs),
    ).unref();
  }
}
