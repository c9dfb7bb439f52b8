import { problemIn } from '#http/words.ts';
import { BackOff } from '#kubernetes/back-off.ts';
import { Bell, type Pace, pause } from '#kubernetes/pace.ts';
import type { Cursors, Held, Place } from './cursor.ts';
import type { DeadLetters } from './dead-letters.ts';
import { type Batch, type Driver, type Outcome, recordsBelow, retry } from './driver.ts';
import type { Gather } from './gather.ts';
import { Lag } from './lag.ts';
import type { News } from './news.ts';
import { Refusals } from './refusals.ts';

export interface DeliveryParts {
  readonly sink: string;
  readonly gather: Gather;
  /** Entries that a signed, published checkpoint covers by now. */
  readonly covered: () => number;
  readonly driver: Driver;
  readonly cursors: Cursors;
  readonly deadLetters: DeadLetters;
  readonly pace: Pace;
  readonly bounds: {
    /** ms for the sink to answer. */
    readonly timeoutMs: number;
    /** ms that the oldest missing entry may be old, twice. */
    readonly lagMs: readonly [number, number];
  };
  /** Whether what is issued goes first for now. */
  readonly givesWay?: (lag: number) => boolean;
  readonly tell: (news: News) => void;
}

/** ms between two looks at what there is, told or not. */
const lookMs = 1_000;
const backOff = { firstMs: 1_000, mostMs: 60_000, longestAskedMs: 3_600_000 };
/** Single rows in a row that a sink refused without taking any: it is the sink then, and not the rows. */
const mostRefusedInARow = 16;

/**
 * Brings the log to one sink: every entry that a signed checkpoint covers, in order, at least once. The cursor moves when
 * the sink has acknowledged and not before, so that a crash anywhere costs a repetition and never a gap. One batch is in
 * memory at a time, however far behind the sink is.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #ending = new AbortController();
  readonly #backOff: BackOff;
  /** There is more than before, or something has to be looked at anyhow. */
  readonly #news: Bell;
  readonly #lag: Lag;
  readonly #refusals: Refusals;
  #place: Place = { next: 0 };
  #elsewhere = false;
  /** When the oldest entry was recorded that is being sent, or was seen to wait if it was not read yet, ms since the epoch. */
  #oldest: number | undefined;
  #problem: string | undefined;
  #refusedInARow = 0;
  readonly #counts = { delivered: 0, refused: 0, failures: 0 };
  #done: Promise<void> | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#backOff = new BackOff(backOff, parts.pace);
    this.#news = new Bell(parts.pace);
    this.#lag = new Lag(parts.bounds.lagMs);
    this.#refusals = new Refusals(parts.sink);
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** There is more to send than before. */
  grown(): void {
    this.#news.ring();
  }

  /** Ends after what is under way, which is called off. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#news.ring();
    await this.#done;
    await this.#parts.driver.close();
  }

  /** To be asked now and then, also while the sink stands still. */
  look(): void {
    const { sink, covered, pace, tell } = this.#parts;
    // nothing of it has been read yet: it is as old as our knowing of it, at least
    if (this.#place.next < covered()) this.#oldest ??= pace.now();
    const lagMs = this.#oldest === undefined ? 0 : Math.max(0, pace.now() - this.#oldest);
    const problem = this.#problem;
    const standing = { sink, elsewhere: this.#elsewhere, next: this.#place.next, covered: covered(), lagMs };
    tell({ kind: 'standing', ...standing, ...this.#counts, ...(problem !== undefined && { problem }) });
    if (this.#elsewhere) return;
    const error = problem === undefined ? {} : { error: problem };
    const behind = this.#lag.look({ sink, from: this.#place.next, to: covered(), lagMs, ...error });
    if (behind !== undefined) tell(behind);
    const refused = this.#refusals.take(pace.elapsed());
    if (refused !== undefined) tell(refused);
  }

  get #ended(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      let held: Held | undefined;
      try {
        held = await this.#parts.cursors.hold(this.#parts.sink);
        this.#elsewhere = held === undefined;
        if (held === undefined) await this.#rest(lookMs);
        else await this.#deliver(held);
      } catch (thrown) {
        await this.#fail(problemIn(thrown));
      } finally {
        await held?.release().catch(() => {});
      }
    }
  }

  async #deliver(held: Held): Promise<void> {
    const { sink, gather, covered, givesWay, tell } = this.#parts;
    this.#place = held.place;
    tell({ kind: 'started', sink, from: held.place.next });
    while (!this.#ended && !held.lost) {
      const { next } = held.place;
      const size = covered();
      if (next >= size || givesWay?.(size - next) === true) {
        if (next >= size) this.#oldest = undefined;
        await this.#news.wait(lookMs);
        continue;
      }
      const batch = await gather({ from: next, covered: size }, held.place.memo, this.#ending.signal);
      if ('since' in batch) {
        this.#oldest = batch.since;
        await this.#news.wait(lookMs);
        continue;
      }
      const [first = batch.packed] = batch.rows.map(({ entry }) => entry);
      this.#oldest = Date.parse(first?.time ?? '') || this.#oldest;
      await this.#bring(held, batch);
    }
  }

  /** Ends when the sink has it, or it lies with the dead letters, or we are to end. */
  async #bring(held: Held, batch: Batch): Promise<void> {
    for (let rest = batch; rest.from < rest.to && !this.#ended && !held.lost; rest = after(rest, held.place.next)) {
      const outcome = await this.#send(rest, held.place.memo);
      switch (outcome.kind) {
        case 'accepted':
          await this.#passed(held, rest, outcome);
          break;
        case 'refused':
          await this.#partly(held, rest, outcome.rows);
          break;
        case 'doubtful':
          await this.#bury(rest, new Map(rest.rows.map((_, at) => [at, outcome.reason])));
          await this.#passed(held, rest, {});
          break;
        case 'unfit':
          await this.#divide(held, rest, outcome.reason);
          break;
        case 'retry':
          await this.#fail(outcome.reason, outcome.afterMs);
          break;
      }
    }
  }

  async #send(batch: Batch, memo: string | undefined): Promise<Outcome> {
    const { driver, bounds } = this.#parts;
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(bounds.timeoutMs)]);
    try {
      return await driver.send(batch, memo, signal);
    } catch (thrown) {
      return retry(problemIn(thrown));
    }
  }

  async #passed(held: Held, batch: Batch, { next = batch.to, memo }: { next?: number; memo?: string }): Promise<void> {
    await held.save({ next, ...(memo !== undefined && { memo }) });
    this.#place = held.place;
    for (const seq of batch.gone) if (seq < next) this.#refusals.add(seq, 'the log has only their hashes left');
    this.#counts.delivered += recordsBelow(next, batch);
    this.#refusedInARow = 0;
    this.#problem = undefined;
    this.#backOff.reset();
  }

  async #partly(held: Held, batch: Batch, refused: ReadonlyMap<number, string>): Promise<void> {
    const [first] = refused.values();
    if (refused.size === batch.rows.length) return this.#divide(held, batch, first ?? '');
    await this.#bury(batch, refused);
    await this.#passed(held, batch, {});
  }

  /** Halves until single rows are left: the one that nothing can be done about is found in few steps, in order. */
  async #divide(held: Held, batch: Batch, reason: string): Promise<void> {
    const { rows } = batch;
    const middle = rows[rows.length >> 1];
    if (rows.length > 1 && middle !== undefined) {
      const first = before(batch, middle.seq);
      return this.#bring(held, first);
    }
    if (this.#refusedInARow >= mostRefusedInARow) return this.#fail(`it refuses whatever it is sent: ${reason}`);
    await this.#bury(batch, new Map([[0, reason]]));
    await held.save({ ...held.place, next: batch.to });
    this.#place = held.place;
    this.#refusedInARow++;
  }

  async #bury({ rows }: Batch, reasons: ReadonlyMap<number, string>): Promise<void> {
    const letters = [...reasons].flatMap(([at, reason]) => {
      const row = rows[at];
      return row === undefined ? [] : [{ row, reason }];
    });
    await this.#parts.deadLetters.add(letters);
    for (const { row, reason } of letters) this.#refusals.add(row.seq, reason);
    this.#counts.refused += letters.length;
    this.#counts.delivered -= letters.length;
  }

  async #fail(reason: string, afterMs?: number): Promise<void> {
    if (this.#ended) return;
    this.#problem = reason;
    this.#counts.failures++;
    await this.#rest(this.#backOff.next(afterMs));
  }

  #rest(ms: number): Promise<void> {
    return pause(this.#parts.pace, ms, this.#ending.signal);
  }
}

/** What is left of a batch from entry `next` on. */
function after(batch: Batch, next: number): Batch {
  const { from, to, rows, gone } = batch;
  if (next <= from) return batch;
  return { from: next, to, rows: rows.filter(({ seq }) => seq >= next), gone: gone.filter((seq) => seq >= next) };
}

function before({ from, rows, gone }: Batch, to: number): Batch {
  return { from, to, rows: rows.filter(({ seq }) => seq < to), gone: gone.filter((seq) => seq < to) };
}
