import type { HealthReport } from './ports.ts';

/** ms without a word from the event loop after which it is taken to stand still. */
const silentMs = 10_000;

/** Readiness as another thread last told it: answered from memory, however busy that thread is, until it is silent too long. */
export class DistantHealth {
  readonly #now: () => number;
  #told: HealthReport | undefined;
  #toldAt = 0;

  /** `now` in ms, on a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  tell(report: HealthReport): void {
    this.#told = report;
    this.#toldAt = this.#now();
  }

  readiness(): HealthReport {
    if (this.#told === undefined) return { ok: false, checks: [] };
    const silence = this.#now() - this.#toldAt;
    if (silence <= silentMs) return this.#told;
    const reason = `it has not turned for ${Math.round(silence / 1000)} s`;
    return { ok: false, checks: [...this.#told.checks, { name: 'event-loop', ok: false, reason, since: 0 }] };
  }
}
