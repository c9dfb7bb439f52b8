import type { EncodedEvent } from '#audit/entry.ts';
import { Refusal } from '#refusal/refusal.ts';

/**
 * Makes a batch durable and gives the index of its first record. A rejection means: nothing is known to be durable; with
 * GivenUp, the next batch may be tried.
 */
export type CommitBatch = (batch: readonly EncodedEvent[]) => Promise<number>;

/** A batch whose store could not be reached in time. It may be durable all the same: its records are refused for good. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

export interface GroupCommitBounds {
  /** Most records in one durable write. */
  readonly batch: number;
  /** Most records accepted and not yet durable; past it, Refusal `overload`. */
  readonly outstanding: number;
  /**
   * ms that a record may wait for those that are said to follow it. A commit costs as much as several records, so the
   * wait pays for itself; it ends as soon as nobody is on the way any more, and a record that comes alone never waits.
   */
  readonly linger: number;
}

interface Waiting {
  readonly event: EncodedEvent;
  readonly resolve: (index: number) => void;
  readonly reject: (reason: Refusal) => void;
}

/**
 * One durable write for all records that gathered while the last one was running. After the first failure nothing is
 * tried again: what a failed fsync left behind is unknown, and only a restart reads it anew. A store that is out of reach
 * has not failed.
 */
export class GroupCommit {
  readonly #commit: CommitBatch;
  readonly #bounds: GroupCommitBounds;
  readonly #onFailed: (cause: unknown) => void;
  #waiting: Waiting[] = [];
  #inFlight: readonly Waiting[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #following = 0;
  #failed = false;
  #closed = false;
  #idle: (() => void)[] = [];
  batches = 0;
  records = 0;

  constructor(commit: CommitBatch, bounds: GroupCommitBounds, onFailed: (cause: unknown) => void) {
    this.#commit = commit;
    this.#bounds = bounds;
    this.#onFailed = onFailed;
  }

  get outstanding(): number {
    return this.#waiting.length + this.#inFlight.length;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** `following`: how many more are about to come. */
  append(event: EncodedEvent, following = 0): Promise<number> {
    if (this.#failed || this.#closed) return Promise.reject(unavailable());
    if (this.outstanding >= this.#bounds.outstanding) {
      return Promise.reject(new Refusal('overload', `${this.outstanding} records wait for the log; try again`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      this.#following = following;
      this.#schedule();
    });
  }

  /** Accepts nothing more; resolves once nothing waits any more, be it durable or refused. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Refuses all that waits and all that comes. */
  fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const refused = [...this.#inFlight, ...this.#waiting];
    this.#inFlight = [];
    this.#waiting = [];
    for (const { reject } of refused) reject(unavailable(cause));
    this.#onFailed(cause);
    this.#wakeIdle();
  }

  #schedule(): void {
    if (this.#soon !== undefined || this.#inFlight.length > 0) return;
    const full = this.#waiting.length >= this.#bounds.batch;
    // At the least after the other callbacks of this turn, whose records then share the write.
    if (full || this.#following === 0) this.#soon = setImmediate(() => void this.#run());
    else this.#later ??= setTimeout(() => void this.#run(), this.#bounds.linger);
  }

  async #run(): Promise<void> {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
    if (this.#failed || this.#inFlight.length > 0 || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#bounds.batch);
    this.#inFlight = batch;
    try {
      const first = await this.#commit(batch.map(({ event }) => event));
      this.#release(batch, first);
    } catch (cause) {
      if (cause instanceof GivenUp) this.#refuse(batch, cause);
      else this.fail(cause);
    }
  }

  #refuse(batch: readonly Waiting[], cause: GivenUp): void {
    if (this.#failed) return;
    this.#inFlight = [];
    for (const { reject } of batch) reject(unavailable(cause));
    this.#goOn();
  }

  #release(batch: readonly Waiting[], first: number): void {
    if (this.#failed) return;
    this.#inFlight = [];
    this.batches++;
    this.records += batch.length;
    for (const [at, { resolve }] of batch.entries()) resolve(first + at);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#waiting.length > 0) this.#schedule();
    else this.#wakeIdle();
  }

  #wakeIdle(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }
}

function unavailable(cause?: unknown): Refusal {
  return new Refusal('log.unavailable', 'the audit log cannot be written, so nothing is issued', {}, { cause });
}
