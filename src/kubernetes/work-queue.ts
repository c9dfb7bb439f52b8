import { ApiError } from './api.ts';
import { BackOff } from './back-off.ts';
import { type Pace, systemPace } from './pace.ts';
import type { QueueLoad, QueueObserver } from './queue-observer.ts';

export interface WorkQueueOptions {
  /**
   * Brings what `key` names to where it should be, whatever changed. Gives back ms after which to look again, or nothing.
   * What it throws is tried again later. `signal`: the queue is being stopped.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  readonly onFault?: (key: string, thrown: unknown, failures: number) => void;
  /** All keys there are: asked once there is room again after some had to be turned away. */
  readonly refill?: () => Iterable<string>;
  /** Keys worked on at the same time. */
  readonly concurrency?: number;
  /** Keys known to the queue: waiting, worked on, or failed and to be tried again. */
  readonly maxKeys?: number;
  readonly pace?: Pace;
  readonly observer?: QueueObserver | undefined;
}

const backOff = { firstMs: 200, mostMs: 60_000 };

interface Item {
  readonly failures: BackOff;
  /** Asked for, and not begun yet. */
  wanted: boolean;
  /** ms of `Pace.elapsed`: since when it has been wanted, and when it was last begun. */
  wantedAt: number;
  begunAt: number;
  callOff: (() => void) | undefined;
}

/** Work by key: never twice at once for one key, never lost, with waits that grow for a key that fails. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #pace: Pace;
  readonly #concurrency: number;
  readonly #maxKeys: number;
  readonly #items = new Map<string, Item>();
  readonly #waiting = new Set<string>();
  readonly #working = new Set<Item>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #unwatch: (() => void) | undefined;
  /** A key was turned away since the keys were last asked for. */
  #overflowed = false;
  #rest: Iterator<string> | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#pace = options.pace ?? systemPace;
    this.#concurrency = options.concurrency ?? 1;
    this.#maxKeys = options.maxKeys ?? 100_000;
    this.#unwatch = options.observer?.watch(() => this.#load());
  }

  /** Keys that are not at rest. */
  get size(): number {
    return this.#items.size;
  }

  /** Soon; a key that is being worked on has another turn after it. False where the queue is full or stopped. */
  add(key: string): boolean {
    const item = this.#item(key);
    if (item === undefined) return false;
    item.callOff?.();
    item.callOff = undefined;
    if (!item.wanted) this.#want(item);
    if (!this.#working.has(item)) this.#waiting.add(key);
    this.#next();
    return true;
  }

  /** In `ms`, unless it is added before that. */
  addAfter(key: string, ms: number): boolean {
    const item = this.#item(key);
    if (item === undefined) return false;
    if (!item.wanted) this.#later(key, item, ms);
    return true;
  }

  /** Begins nothing more, and resolves once what had begun has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting.clear();
    for (const item of this.#items.values()) {
      item.callOff?.();
      item.wanted = false;
    }
    await Promise.all(this.#running);
    this.#items.clear();
    this.#unwatch?.();
  }

  #item(key: string): Item | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    const known = this.#items.get(key);
    if (known !== undefined) return known;
    if (this.#items.size >= this.#maxKeys) {
      this.#overflowed = true;
      return undefined;
    }
    const failures = new BackOff(backOff, this.#pace);
    const fresh = { failures, wanted: false, wantedAt: 0, begunAt: 0, callOff: undefined };
    this.#items.set(key, fresh);
    return fresh;
  }

  #want(item: Item): void {
    item.wanted = true;
    item.wantedAt = this.#pace.elapsed();
    this.#options.observer?.added();
  }

  #later(key: string, item: Item, ms: number): void {
    item.callOff?.();
    item.callOff = this.#pace.after(ms, () => this.add(key));
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#concurrency) return;
      this.#waiting.delete(key);
      const item = this.#items.get(key);
      if (item === undefined) continue;
      const turn = this.#turn(key, item).finally(() => {
        this.#running.delete(turn);
        this.#refill();
        this.#next();
      });
      this.#running.add(turn);
    }
  }

  async #turn(key: string, item: Item): Promise<void> {
    const { observer } = this.#options;
    this.#working.add(item);
    item.wanted = false;
    item.begunAt = this.#pace.elapsed();
    observer?.began(item.begunAt - item.wantedAt);
    let waitMs: number | undefined;
    try {
      waitMs = await this.#options.work(key, this.#stopping.signal);
      item.failures.reset();
    } catch (thrown) {
      waitMs = item.failures.next(thrown instanceof ApiError ? thrown.retryAfterMs : undefined);
      if (!this.#stopping.signal.aborted) {
        observer?.retried();
        this.#options.onFault?.(key, thrown, item.failures.failures);
      }
    }
    this.#working.delete(item);
    observer?.ended(this.#pace.elapsed() - item.begunAt);
    if (this.#stopping.signal.aborted) return;
    // what was asked for while this ran may be news that it did not see
    if (item.wanted) this.#waiting.add(key);
    else if (waitMs !== undefined) this.#later(key, item, waitMs);
    else if (item.callOff === undefined) this.#items.delete(key);
  }

  #load(): QueueLoad {
    const now = this.#pace.elapsed();
    let depth = this.#waiting.size;
    let unfinishedMs = 0;
    let longestMs = 0;
    for (const { wanted, begunAt } of this.#working) {
      if (wanted) depth += 1;
      unfinishedMs += now - begunAt;
      longestMs = Math.max(longestMs, now - begunAt);
    }
    return { depth, unfinishedMs, longestMs };
  }

  /** Goes on where the last time it ended, or the first keys would keep the others out for ever. */
  #refill(): void {
    if (this.#items.size > this.#maxKeys / 2 || this.#stopping.signal.aborted) return;
    while (this.#rest !== undefined || this.#overflowed) {
      if (this.#rest === undefined) {
        this.#overflowed = false;
        this.#rest = this.#options.refill?.()[Symbol.iterator]();
      }
      while (this.#rest !== undefined) {
        if (this.#items.size >= this.#maxKeys) return;
        const { done, value } = this.#rest.next();
        if (done === true) this.#rest = undefined;
        else this.add(value);
      }
    }
  }
}
