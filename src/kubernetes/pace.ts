import type { Clock } from '#issuance/ports.ts';

/** Time and chance of this room: tests hold both in their hands. */
export interface Pace extends Clock {
  /** ms on a clock that only goes forward, whatever is done to the wall clock. */
  elapsed(): number;
  /** Runs once after `ms`; the function given back calls it off. */
  after(ms: number, run: () => void): () => void;
  /** At least 0, below 1: spreads what would otherwise come at once. */
  random(): number;
}

export const systemPace: Pace = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** Resolves after `ms`, or as soon as `signal` is aborted; never rejects. */
export function pause(pace: Pace, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = pace.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Somebody waits for news for a while at the most; a ring while nobody waits is not kept. */
export class Bell {
  readonly #pace: Pace;
  #heard = Promise.withResolvers<void>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  ring(): void {
    this.#heard.resolve();
  }

  /** Resolves when it rings, or after `mostMs`. */
  async wait(mostMs: number): Promise<void> {
    this.#heard = Promise.withResolvers();
    const called = new AbortController();
    await Promise.race([this.#heard.promise, pause(this.#pace, mostMs, called.signal)]);
    called.abort();
  }
}
