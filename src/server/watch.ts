import type { AuditLog, Clock } from '#issuance/ports.ts';
import type { Check, Health } from '#telemetry/health.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { appendAside, type Events } from './events.ts';

const tickMs = 1_000;
/** A jump of the clock that becomes an event; smaller ones are what NTP does all day. */
const stepMs = 2_000;

export interface Watched {
  readonly health: Health;
  readonly clock: Clock;
  readonly log: AuditLog;
  readonly events: Events;
  readonly logger: Logger;
  readonly maxSkewMs: number;
  /** Name of a part → why it cannot work at present. Answers from memory. */
  readonly parts: ReadonlyMap<string, () => string | undefined>;
}

/** Once a second: asks each part what it last knew of itself, and whether the clock still runs as time does. */
export class Watch {
  readonly #watched: Watched;
  readonly #checks = new Map<string, Check>();
  readonly #working = new Set<string>();
  readonly #clockCheck: Check;
  readonly #timer: NodeJS.Timeout;
  /** Wall clock less monotonic clock, ms: constant unless somebody sets the clock. */
  #offset: number;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#offset = watched.clock.now() - performance.now();
    for (const name of watched.parts.keys()) this.#checks.set(name, watched.health.register(name));
    this.#clockCheck = watched.health.register('clock');
    this.look();
    this.#timer = setInterval(() => this.look(), tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    for (const [name, why] of this.#watched.parts) {
      const reason = why();
      const check = this.#checks.get(name);
      if (reason === undefined) check?.pass();
      else check?.fail(reason);
      this.#noteChange(name, reason);
    }
    this.#lookAtClock();
  }

  /** A part that worked and does not any more stands in the log, unless the log is that part. */
  #noteChange(name: string, reason: string | undefined): void {
    if (reason === undefined) this.#working.add(name);
    else if (this.#working.delete(name)) {
      const { log, events, logger } = this.#watched;
      const message = `${name}: ${reason}`;
      const event = events.of('service.degraded', { outcome: 'failed', reason: 'internal', message });
      void appendAside(log, event, logger, `service.degraded (${message})`);
    }
  }

  #lookAtClock(): void {
    const { clock, log, maxSkewMs, events, logger } = this.#watched;
    const behind = log.newestTime - clock.now();
    if (behind > maxSkewMs)
      this.#clockCheck.fail(`${Math.round(behind / 1000)} s behind the newest record; issuance pauses`);
    else this.#clockCheck.pass();
    const offset = clock.now() - performance.now();
    const step = Math.round(offset - this.#offset);
    this.#offset = offset;
    if (Math.abs(step) < stepMs) return;
    logger.warn('the clock was set', { ms: step });
    void appendAside(log, events.of('clock.step', { clock: { stepMs: step } }), logger, 'a clock step');
  }
}
