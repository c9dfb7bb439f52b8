import type { Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import type { Span } from '#audit/runs.ts';
import type { Finding } from '#issuance/replay/finding.ts';
import { Replay } from '#issuance/replay/replay.ts';
import type { Evidence } from '../evidence.ts';
import type { Period } from '../period.ts';
import { type QueryName, queryNames } from '../queries.ts';
import { HeardAlarms } from './alarms.ts';
import type { Lot } from './draw.ts';
import { GatheredQuery } from './gathered-query.ts';
import { Missing } from './missing.ts';
import { RulesInForce } from './rules-in-force.ts';

const mostFindings = 100;

/** What is known of a log beside its entries. */
export interface AboutLog {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** Runs of records of which only the hashes are left. */
  readonly hashesOnly: readonly Span[];
  readonly kept: Evidence['kept'];
  readonly witnesses: readonly string[] | undefined;
}

/** Walks a log once and in order, from its beginning, and gathers what evidence says of a period. Memory is bounded. */
export class Gathering {
  readonly #period: Period;
  readonly #since: string;
  readonly #until: string;
  readonly #queries: readonly GatheredQuery[];
  readonly #replay = new Replay();
  readonly #rules = new RulesInForce();
  readonly #alarms = new HeardAlarms();
  readonly #missing = new Missing();
  readonly #types = new Map<EventType, number>();
  readonly #findings: Finding[] = [];
  #misfits = 0;
  #next = 0;
  #first: string | undefined;
  #last: string | undefined;
  /** The first index that may be of the period, and the first that is after it. */
  #from = 0;
  #to: number | undefined;

  constructor(period: Period, lot: Lot) {
    this.#period = period;
    this.#since = new Date(period.since).toISOString();
    this.#until = new Date(period.until).toISOString();
    this.#queries = queryNames.map((name) => new GatheredQuery(name, lot));
  }

  /** The queries whose rows it is one of. */
  take(entry: Entry): readonly QueryName[] {
    const { seq, time } = entry;
    this.#first ??= time;
    this.#last = time;
    // What these say of the certificates after them is not known; `missing` counts them.
    if (seq > this.#next) this.#replay.missed(0);
    this.#next = seq + 1;
    if (time >= this.#until) {
      this.#to ??= seq;
      return [];
    }
    const isOfPeriod = time >= this.#since;
    this.#replay.learn(entry);
    this.#rules.take(entry, isOfPeriod);
    if (isOfPeriod) return this.#takeOfPeriod(entry);
    this.#from = seq + 1;
    return [];
  }

  #takeOfPeriod(entry: Entry): readonly QueryName[] {
    this.#types.set(entry.type, (this.#types.get(entry.type) ?? 0) + 1);
    this.#alarms.take(entry);
    this.#missing.take(entry);
    const found = this.#replay.check(entry);
    if (found !== undefined && ++this.#misfits <= mostFindings) this.#findings.push(found);
    return this.#queries.filter((query) => query.take(entry)).map(({ name }) => name);
  }

  /** The records that were drawn of each query. */
  get drawn(): readonly Entry[] {
    return this.#queries.flatMap((query) => query.drawn);
  }

  result(
    { origin, size, root, hashesOnly, kept, witnesses }: AboutLog,
    program: string,
    word: string | undefined,
  ): Evidence {
    const records = { from: Math.min(this.#from, size), to: this.#to ?? size };
    return {
      countersignEvidence: 1,
      program,
      period: { name: this.#period.name, since: this.#since, until: this.#until },
      log: {
        origin,
        size,
        root,
        ...(this.#first !== undefined && { first: this.#first }),
        ...(this.#last !== undefined && { last: this.#last }),
        records,
      },
      kept,
      ...(witnesses && { witnesses: [...witnesses] }),
      ...(word !== undefined && { word }),
      types: [...this.#types]
        .map(([type, records]) => ({ type, records }))
        .toSorted((a, b) => (a.type < b.type ? -1 : 1)),
      queries: this.#queries.map((query) => query.result()),
      rules: this.#rules.all,
      replay: {
        kinds: [...this.#replay.counts].map(([kind, count]) => ({ kind, count })),
        count: this.#misfits,
        findings: [...this.#findings],
      },
      alarms: this.#alarms.all,
      missing: this.#missing.result(hashesOnly, records),
    };
  }
}
