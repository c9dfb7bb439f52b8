import type { AuditLog, Clock } from '#issuance/ports.ts';
import { type AggregateBounds, aggregateDefaults, RefusalAggregate, type Summary } from './aggregate.ts';
import type { AuditEvent } from './event.ts';

/**
 * A log in front of the log that counts refusals that are alike (see RefusalAggregate). A refusal that is only counted
 * resolves with the index of the first like it; a crash may lose counts of the running window, never a whole record.
 */
export class AggregatingLog implements AuditLog {
  readonly #log: AuditLog;
  readonly #clock: Clock;
  readonly #window: number;
  readonly #aggregate: RefusalAggregate;
  readonly #firsts = new Map<string, Promise<number>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: AuditLog, clock: Clock, newId: () => string, bounds: AggregateBounds = aggregateDefaults) {
    this.#log = log;
    this.#clock = clock;
    this.#window = bounds.window;
    this.#aggregate = new RefusalAggregate(newId, bounds);
  }

  get size(): number {
    return this.#log.size;
  }

  get newestTime(): number {
    return this.#log.newestTime;
  }

  append(event: AuditEvent, following?: number): Promise<number> {
    if (!isRefusal(event)) return this.#log.append(event, following);
    const { key, first } = this.#aggregate.offer(event, this.#clock.now());
    this.#timer ??= this.#wait();
    const known = first ? undefined : this.#firsts.get(key);
    return known ?? this.#appendFirst(key, event);
  }

  #appendFirst(key: string, event: AuditEvent): Promise<number> {
    const appended = this.#log.append(event);
    this.#firsts.set(key, appended);
    appended.catch(() => this.#aggregate.notWhole(key));
    return appended;
  }

  /** Appends the summaries of the windows that have ended. Rejects as `append` does; nothing is forgotten then. */
  async flush(): Promise<void> {
    const summaries = this.#aggregate.due(this.#clock.now());
    for (const key of this.#firsts.keys()) if (!this.#aggregate.has(key)) this.#firsts.delete(key);
    await this.#record(summaries);
  }

  /** Appends every summary; to be called before the log is closed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#record(this.#aggregate.drain());
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => void this.#tick(), this.#window).unref();
  }

  async #tick(): Promise<void> {
    // A log that fails says so itself, once and for all; there is nobody to tell here.
    await this.flush().catch(() => undefined);
    this.#timer = this.#aggregate.keys > 0 ? this.#wait() : undefined;
  }

  async #record(summaries: readonly Summary[]): Promise<void> {
    const record = async (summary: Summary) => {
      try {
        await this.#log.append(summary.event);
      } catch (thrown) {
        this.#aggregate.notSummed(summary, this.#clock.now());
        throw thrown;
      }
    };
    const results = await Promise.allSettled(summaries.map(record));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/**
 * The end of a request with a no. One that ends an intent names it in `prev`, and one that names a certificate speaks of
 * something that exists: each stands for that alone.
 */
function isRefusal({ type, prev, certificate }: AuditEvent): boolean {
  if (certificate !== undefined) return false;
  return (
    type === 'certificate.denied' || type === 'admin.denied' || (type === 'certificate.failed' && prev === undefined)
  );
}
