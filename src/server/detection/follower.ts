import type { Alert } from '#detection/alert.ts';
import type { WatchRule } from '#detection/rule.ts';
import type { Watch } from '#detection/watch.ts';
import { problemIn } from '#http/words.ts';
import { BackOff } from '#kubernetes/back-off.ts';
import { Bell, type Pace, pause } from '#kubernetes/pace.ts';
import type { Cursors, Held } from '#sinks/cursor.ts';
import type { Source } from '#sinks/gather.ts';
import { beginWatch, watchNext } from './begin-watch.ts';
import type { Gap, Standing } from './messages.ts';

/** It lies with the cursors of sinks, and moves with them; no sink can have this name. */
export const cursorName = 'watch.rules';

export interface FollowerParts {
  readonly source: Source;
  readonly cursors: Cursors;
  /** Durable entries. */
  readonly size: () => Promise<number>;
  readonly pace: Pace;
  /** Whether what is issued goes first for now. */
  readonly givesWay?: (lag: number) => boolean;
  /** Resolves when all of them are durable in the log; rejects where they are not. */
  readonly record: (alerts: readonly Alert[]) => Promise<void>;
  readonly tell: (gap: Gap) => void;
}

/** ms between two looks at what there is, told or not. */
const lookMs = 1_000;
const backOff = { firstMs: 1_000, mostMs: 60_000, longestAskedMs: 60_000 };
/** ms between two words about what one rule has forgotten. */
const tellEveryMs = 3_600_000;
/** What a cursor that was ever moved has beside it: one that is new begins at the end of the log. */
const begun = 'begun';

/**
 * Rules over what a signed checkpoint covers, in order. The cursor moves when the alerts of what was read are durable, so
 * that a crash costs a second look at the same records, which finds the alerts that it would make in the log.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #ending = new AbortController();
  readonly #backOff: BackOff;
  /** There is more than before, or something has to be looked at anyhow. */
  readonly #news: Bell;
  readonly #lastTold = new Map<string, { count: number; at: number }>();
  #rules: readonly WatchRule[];
  #covered = 0;
  #watch: Watch | undefined;
  #next = 0;
  #elsewhere = false;
  #problem: string | undefined;
  #done: Promise<void> | undefined;

  constructor(parts: FollowerParts, rules: readonly WatchRule[]) {
    this.#parts = parts;
    this.#rules = rules;
    this.#backOff = new BackOff(backOff, parts.pace);
    this.#news = new Bell(parts.pace);
  }

  start(): void {
    this.#done ??= this.#run();
  }

  published(size: number): void {
    this.#covered = Math.max(this.#covered, size);
    this.#news.ring();
  }

  /** From the next record on; they know what those before them would have let them know. */
  use(rules: readonly WatchRule[]): void {
    this.#rules = rules;
    this.#news.ring();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#news.ring();
    await this.#done;
  }

  get standing(): Standing {
    return {
      elsewhere: this.#elsewhere,
      next: this.#next,
      covered: this.#covered,
      rules: this.#watch?.states ?? [],
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  get #ended(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      let held: Held | undefined;
      try {
        held = await this.#parts.cursors.hold(cursorName);
        this.#elsewhere = held === undefined;
        if (held === undefined) await this.#rest(lookMs);
        else await this.#follow(held);
      } catch (thrown) {
        this.#problem = problemIn(thrown);
        await this.#rest(this.#backOff.next());
      } finally {
        await held?.release().catch(() => {});
      }
    }
  }

  async #follow(held: Held): Promise<void> {
    const { source, givesWay } = this.#parts;
    let of: readonly WatchRule[] | undefined;
    let watch: Watch | undefined;
    while (!this.#ended && !held.lost) {
      const covered = this.#covered;
      if (covered === 0) {
        await this.#news.wait(lookMs);
        continue;
      }
      if (held.place.memo === undefined) await held.save({ next: covered, memo: begun });
      if (watch === undefined || of !== this.#rules) {
        of = this.#rules;
        watch = await this.#begin(of, held.place.next);
      }
      const from = held.place.next;
      this.#next = from;
      if (from >= covered || givesWay?.(covered - from) === true) {
        await this.#news.wait(lookMs);
        continue;
      }
      const { next, alerts, gone } = await watchNext(watch, source, from, covered);
      if (alerts.length > 0) await this.#parts.record(alerts);
      await held.save({ next, memo: begun });
      this.#next = next;
      this.#problem = undefined;
      this.#backOff.reset();
      if (gone > 0) this.#parts.tell({ reason: 'detection.unread', count: gone });
      this.#tellForgotten(watch);
    }
  }

  async #begin(rules: readonly WatchRule[], next: number): Promise<Watch> {
    const { source, size, tell } = this.#parts;
    const { watch, unread } = await beginWatch(rules, source, { next, size: await size() });
    if (unread > 0) tell({ reason: 'detection.unread', count: unread });
    this.#watch = watch;
    this.#lastTold.clear();
    return watch;
  }

  #tellForgotten(watch: Watch): void {
    const now = this.#parts.pace.elapsed();
    for (const { rule, forgotten } of watch.states) {
      const last = this.#lastTold.get(rule);
      if (forgotten === (last?.count ?? 0) || (last !== undefined && now - last.at < tellEveryMs)) continue;
      this.#parts.tell({ reason: 'detection.forgotten', rule, count: forgotten - (last?.count ?? 0) });
      this.#lastTold.set(rule, { count: forgotten, at: now });
    }
  }

  #rest(ms: number): Promise<void> {
    return pause(this.#parts.pace, ms, this.#ending.signal);
  }
}
