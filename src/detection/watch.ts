import type { Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { type Alert, keyIn, nameOf } from './alert.ts';
import type { Hit, Watching } from './condition.ts';
import type { WatchRule } from './rule.ts';
import { mostKeys, Silences } from './silences.ts';

interface Running {
  readonly rule: WatchRule;
  readonly watching: Watching;
  readonly silences: Silences;
  alerts: number;
}

/** What one rule has done since the watch began. */
export interface RuleState {
  readonly rule: string;
  readonly alerts: number;
  /** What it had to forget before its time. */
  readonly forgotten: number;
}

/**
 * Rules over the records of a log, in order. Alike records make alike alerts: there is no clock here but the records' own.
 * What was recorded before is recalled in silence, so that a watch that begins anew knows what the one before it knew.
 */
export class Watch {
  readonly #running: readonly Running[];
  readonly #byType = new Map<EventType, Running[]>();
  /** Alerts that are on the record already. */
  readonly #told: ReadonlySet<string>;

  constructor(rules: readonly WatchRule[], told: ReadonlySet<string> = new Set()) {
    this.#told = told;
    this.#running = rules.map((rule) => ({
      rule,
      watching: rule.open(),
      silences: new Silences(rule.quietMs),
      alerts: 0,
    }));
    for (const running of this.#running)
      for (const type of running.rule.types) this.#byType.set(type, [...(this.#byType.get(type) ?? []), running]);
  }

  /** ms that a record matters for to any of the rules. */
  get memoryMs(): number {
    return Math.max(0, ...this.#running.map(({ rule }) => rule.memoryMs));
  }

  get states(): readonly RuleState[] {
    return this.#running.map(({ rule: { name }, alerts, watching: { forgotten } }) => ({
      rule: name,
      alerts,
      forgotten,
    }));
  }

  /** A record that was watched before: of its alerts only those count that were told. */
  recall(entry: Entry): void {
    this.#each(entry, false);
  }

  /** The alerts that this record makes, those that are on the record already left out. */
  see(entry: Entry): readonly Alert[] {
    return this.#each(entry, true);
  }

  #each(entry: Entry, isNew: boolean): Alert[] {
    const running = this.#byType.get(entry.type);
    if (running === undefined) return [];
    const alerts: Alert[] = [];
    const time = Date.parse(entry.time);
    for (const each of running) {
      if (!each.rule.matches(entry)) continue;
      const hit = each.watching.see({ entry, time });
      if (hit === undefined) continue;
      const alert = alertOf(each.rule, hit, entry);
      const key = keyIn(alert.by);
      const how = each.silences.wouldTell(key, time);
      if (how === undefined) continue;
      const isTold = this.#told.has(nameOf(each.rule.name, key, how === 'overflow', entry.seq));
      if (!isTold && !isNew) continue;
      each.silences.tell(how, key, time);
      if (isTold) continue;
      each.alerts++;
      alerts.push(how === 'overflow' ? overflowOf(alert) : alert);
    }
    return alerts;
  }
}

function alertOf({ name, sha256, severity, message, by }: WatchRule, hit: Hit, { time }: Entry): Alert {
  return {
    rule: name,
    ruleSha256: sha256,
    severity,
    message,
    by: Object.fromEntries(by.map((field, at) => [field, hit.by[at] ?? ''])),
    overflow: false,
    count: hit.count,
    seqs: hit.seqs,
    since: new Date(hit.since).toISOString(),
    until: time,
    ...(hit.values && { values: hit.values }),
  };
}

const overflowOf = ({ values: _, ...alert }: Alert): Alert => ({
  ...alert,
  by: {},
  overflow: true,
  message: `${alert.message} (more than ${mostKeys} at once; the rest are not told apart)`,
});
