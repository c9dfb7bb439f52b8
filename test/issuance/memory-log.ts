import { completeEntry, decodeEntry, type Entry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { AuditLog, Clock } from '#issuance/ports.ts';
import type { Refusal } from '#refusal/refusal.ts';

/** A log in memory that keeps true entries, and can be held before its commit or made to refuse. */
export class MemoryLog implements AuditLog {
  readonly #clock: Clock;
  readonly #entries: Uint8Array[] = [];
  /** What was asked to be written and was, for another log. */
  readonly events: AuditEvent[] = [];
  #newestTime = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #refuseNext: Refusal[] = [];
  #arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  #arrived = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.length;
  }

  get newestTime(): number {
    return this.#newestTime;
  }

  get records(): Entry[] {
    return this.#entries.map(decodeEntry);
  }

  /** Nothing is committed from now on until the function that comes back is called. */
  hold(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate;
    return () => {
      this.#gate = undefined;
      gate.resolve();
    };
  }

  /** The next appends are refused, one with each. */
  refuse(...refusals: Refusal[]): void {
    this.#refuseNext.push(...refusals);
  }

  /** Resolves once so many appends were asked for since the beginning, committed or not. */
  asked(count: number): Promise<void> {
    if (this.#arrived >= count) return Promise.resolve();
    return new Promise((resolve) => this.#arrivals.push({ count, resolve }));
  }

  async append(event: AuditEvent): Promise<number> {
    this.#arrived++;
    for (const { count, resolve } of this.#arrivals) if (this.#arrived >= count) resolve();
    const encoded = encodeEvent(event);
    await this.#gate?.promise;
    const refusal = this.#refuseNext.shift();
    if (refusal !== undefined) throw refusal;
    const index = this.#entries.length;
    this.events.push(event);
    this.#newestTime = Math.max(this.#clock.now(), this.#newestTime);
    this.#entries.push(completeEntry(encoded, index, new Date(this.#newestTime).toISOString()));
    return index;
  }
}
