import type { Pace } from '#kubernetes/pace.ts';

interface Timer {
  readonly at: number;
  readonly ms: number;
  readonly run: () => void;
}

/** Time that passes when a test says so. */
export class FakePace implements Pace {
  readonly #timers = new Set<Timer>();
  #elapsed = 0;
  /** Of the wall clock against the other one: a test may set it. */
  epoch = Date.parse('2026-11-21T15:00:00Z');
  chance = 0;

  now = () => this.epoch + this.#elapsed;
  elapsed = () => this.#elapsed;
  random = () => this.chance;

  after = (ms: number, run: () => void) => {
    const timer = { at: this.#elapsed + ms, ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** ms of every wait that is under way. */
  get waits(): number[] {
    return [...this.#timers].map(({ ms }) => ms);
  }

  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (;;) {
      const [first] = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (first === undefined) break;
      this.#timers.delete(first);
      this.#elapsed = Math.max(this.#elapsed, first.at);
      first.run();
    }
    this.#elapsed = end;
  }

  /** Lets pass what a wait of exactly `ms` still lacks, as soon as there is one. */
  async pass(ms: number): Promise<void> {
    await until(() => this.waits.includes(ms));
    const timer = [...this.#timers].find((each) => each.ms === ms);
    if (timer !== undefined) this.advance(timer.at - this.#elapsed);
  }
}

/** Gives way to whatever else there is to do until `condition` holds; the test's own limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
