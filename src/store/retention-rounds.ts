import { droppedBy } from '#audit/dropped.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { tileWidth } from '#audit/tiles.ts';
import type { DueBundle } from './drop-plan.ts';
import { fault } from './fault.ts';
import type { Inventory } from './inventory/inventory.ts';
import type { DurableLog } from './log.ts';

/** Most indexes that one record keeps: it has to fit into an entry. A bundle has no more than half of them. */
const mostKept = 512;
/** Most bundles of one record: a million entries. */
const mostBundles = 4_096;

export interface RetentionRules {
  /** Bodies go once nothing in them was of use for so long, ms. */
  readonly bodiesMs: number;
  /** Bundles that stand in the archive, from the first on; undefined where there is none. */
  readonly archived: () => Promise<number | undefined>;
  /** Entries that every sink of the exports has, from the first on; undefined where there is none. */
  readonly delivered: () => Promise<number | undefined>;
  /** The record of what goes. */
  readonly event: (range: Run) => AuditEvent;
}

/** Bundles beside each other, by their entries. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly kept: readonly number[];
}

type Begun = Pick<DurableLog, 'size' | 'entries' | 'catchUp' | 'publish' | 'retention'>;
type Log = Begun & Pick<DurableLog, 'append' | 'publishedSize'> & { readonly inventory: Pick<Inventory, 'position'> };

/** Most entries that are looked through at once. */
const mostLookedAt = 1_000;

/**
 * What was begun and not finished, by whoever: only the newest record can have been left half way, since they come one after the
 * other. Replicas that do it at once do no harm.
 */
export async function finishDropping(log: Begun, signal: AbortSignal): Promise<void> {
  const { retention } = log;
  const last = (await retention.dropped()).at(-1);
  if (last !== undefined) await retention.drop(last.record, signal);
  await dropWhatWasSaid(log, last === undefined ? 0 : last.record + 1, signal);
  await retention.withdraw(signal);
}

/**
 * Records of which the store does not know yet, from index `next` on. One that it passed over is older than what was dropped since:
 * whoever led then has said it again.
 */
async function dropWhatWasSaid(log: Begun, next: number, signal: AbortSignal): Promise<void> {
  const { from } = log.retention.begun;
  if (from === undefined) return;
  await log.catchUp();
  const { size } = log;
  for (let at = Math.max(from, next); at < size && !signal.aborted; at += mostLookedAt) {
    for (const entry of (await log.entries(at, Math.min(size, at + mostLookedAt))).map(decodeEntry)) {
      if (droppedBy(entry) === undefined) continue;
      await log.publish();
      await log.retention.drop(entry.seq, signal);
    }
  }
  if (!signal.aborted) log.retention.begun.end();
}

/**
 * Drops bodies when their time is over: recorded first, under a signed checkpoint, then removed from the store, then from what
 * is published. A crash after the record leaves one that says what has not happened; the next start does it.
 */
export class RetentionRounds {
  readonly #log: Log;
  readonly #rules: RetentionRules;
  /** Groups before it have nothing more that may go. */
  #first = 0;
  /** When a group is to be looked at again. */
  readonly #wake = new Map<number, number>();

  constructor(log: Log, rules: RetentionRules) {
    this.#log = log;
    this.#rules = rules;
  }

  /** Everything that is due at `now` (ms); gives how many bodies were dropped. Rejects where the store does not let us. */
  async run(now: number, signal = new AbortController().signal): Promise<number> {
    const { retention } = this.#log;
    // Whoever led before may have died half way; what another replica has dropped goes from our directory, too.
    await finishDropping(this.#log, signal);
    if (!(await retention.leads())) return 0;
    const below = await this.#below();
    const until = now - this.#rules.bodiesMs;
    let run: Run | undefined;
    let dropped = 0;
    const flush = async () => {
      if (run !== undefined) dropped += await this.#drop(run, signal);
      run = undefined;
    };
    for (let group = this.#first; !signal.aborted; group++) {
      if ((this.#wake.get(group) ?? 0) > until) continue;
      const { due, wake, isLast } = await retention.plan(group, below, until);
      for (const bundle of due) {
        const longer = run && joined(run, bundle);
        if (longer === undefined) await flush();
        run = longer ?? runOf(bundle);
      }
      if (isLast) break;
      this.#wake.set(group, wake);
    }
    await flush();
    this.#forgetDone();
    return dropped;
  }

  /** What nobody needs any more: it is published, in the inventory, in the archive, and in every sink. */
  async #below(): Promise<number> {
    const { archived, delivered } = this.#rules;
    const bounds = await Promise.all([this.#log.inventory.position(), archived(), delivered()]);
    const [position, bundles = Number.POSITIVE_INFINITY, entries = Number.POSITIVE_INFINITY] = bounds;
    return Math.min(this.#log.publishedSize, position, bundles * tileWidth, entries);
  }

  async #drop(run: Run, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return 0;
    const { retention } = this.#log;
    retention.begun.begin(this.#log.size);
    const record = await this.#log.append(this.#rules.event(run));
    await this.#log.publish();
    fault('drop.recorded');
    await retention.drop(record, signal);
    if (!signal.aborted) retention.begun.end();
    await retention.withdraw(signal);
    return run.to - run.from - run.kept.length;
  }

  #forgetDone(): void {
    while (this.#wake.get(this.#first) === Number.POSITIVE_INFINITY) this.#wake.delete(this.#first++);
  }
}

function runOf({ n, kept }: DueBundle): Run {
  return { from: n * tileWidth, to: (n + 1) * tileWidth, kept };
}

/** Undefined where the two do not fit into one record. */
function joined(run: Run, bundle: DueBundle): Run | undefined {
  const next = runOf(bundle);
  const fits = run.kept.length + next.kept.length <= mostKept && next.to - run.from <= mostBundles * tileWidth;
  return run.to === next.from && fits ? { from: run.from, to: next.to, kept: [...run.kept, ...next.kept] } : undefined;
}
