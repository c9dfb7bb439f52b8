import type { AuditLog } from '#issuance/ports.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';

/** Whether the log's database can be reached: told to the operator and to probes, and to the log as soon as there is one. */
export class DatabaseReach {
  readonly #foundation: Foundation;
  readonly #log: () => AuditLog;
  #problem: string | undefined;
  #since = 0;

  constructor(foundation: Foundation, log: () => AuditLog) {
    this.#foundation = foundation;
    this.#log = log;
  }

  /** What is in the way; undefined while nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  changed(problem: string | undefined): void {
    const { clock, logger, events } = this.#foundation;
    if (problem !== undefined) {
      this.#problem = `the log's database cannot be reached: ${problem}`;
      this.#since = clock.now();
      logger.warn("the log's database cannot be reached; requests wait for it, and then are refused", {
        reason: problem,
      });
      return;
    }
    const ms = clock.now() - this.#since;
    const message = `the log's database can be reached again, after ${ms} ms: ${this.#problem ?? ''}`;
    this.#problem = undefined;
    logger.info("the log's database can be reached again", { ms });
    const event = events.of('log.recovered', { outcome: 'success', message });
    void appendAside(this.#log(), event, logger, 'log.recovered');
  }
}
