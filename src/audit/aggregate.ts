import type { AuditEvent, Json } from './event.ts';

export interface AggregateBounds {
  /** ms that one summary speaks of. */
  readonly window: number;
  /** Most keys told apart; what comes past it is counted by its reason alone. */
  readonly keys: number;
}

export const aggregateDefaults: AggregateBounds = { window: 60_000, keys: 1_000 };

interface Counted {
  readonly like: AuditEvent;
  windowEnd: number;
  count: number;
  /** Whether one of them stands in the log whole. */
  whole: boolean;
}

/** A record that stands for `count` refusals of a key. */
export interface Summary {
  readonly key: string;
  readonly count: number;
  readonly event: AuditEvent;
}

/**
 * Keeps a flood of like refusals from flooding the log: the first of a key is recorded whole, the rest are counted and
 * become one record with `count` per window. Every refusal is in exactly one record. Pure: time is handed in.
 */
export class RefusalAggregate {
  readonly #bounds: AggregateBounds;
  readonly #newId: () => string;
  readonly #counted = new Map<string, Counted>();

  constructor(newId: () => string, bounds: AggregateBounds = aggregateDefaults) {
    this.#newId = newId;
    this.#bounds = bounds;
  }

  /** The key it is counted under; `first` when it is to be recorded whole. `now` in ms. */
  offer(event: AuditEvent, now: number): { readonly key: string; readonly first: boolean } {
    const key = this.#keyOf(event);
    const counted = this.#counted.get(key);
    if (counted?.whole) {
      counted.count++;
      return { key, first: false };
    }
    if (counted !== undefined) counted.whole = true;
    else this.#counted.set(key, { like: event, windowEnd: now + this.#bounds.window, count: 0, whole: true });
    return { key, first: true };
  }

  /** A first could not be recorded: it is counted instead, and the next like it is a first again. */
  notWhole(key: string): void {
    const counted = this.#counted.get(key);
    if (counted === undefined) return;
    counted.whole = false;
    counted.count++;
  }

  /** A summary could not be recorded: the next one speaks for its refusals too. */
  notSummed({ key, count, event }: Summary, now: number): void {
    const counted = this.#counted.get(key);
    if (counted !== undefined) counted.count += count;
    else this.#counted.set(key, { like: event, windowEnd: now, count, whole: false });
  }

  /** Summaries of the windows that have ended by `now`. A key that was quiet for a whole window is forgotten. */
  due(now: number): Summary[] {
    const ended: Summary[] = [];
    for (const [key, counted] of this.#counted) {
      if (counted.windowEnd > now) continue;
      if (counted.count > 0) ended.push({ key, count: counted.count, event: this.#summary(key, counted) });
      else this.#counted.delete(key);
      counted.count = 0;
      counted.windowEnd = now + this.#bounds.window;
    }
    return ended;
  }

  /** Summaries of all that is counted, ended or not: for the shutdown. */
  drain(): Summary[] {
    return this.due(Number.POSITIVE_INFINITY);
  }

  /** Number of keys told apart; while there are any, somebody has to ask `due` again. */
  get keys(): number {
    return this.#counted.size;
  }

  has(key: string): boolean {
    return this.#counted.has(key);
  }

  #keyOf(event: AuditEvent): string {
    const key = refusalKey(event);
    if (this.#counted.has(key) || this.#counted.size < this.#bounds.keys) return key;
    return `${overflow}${event.reason}`;
  }

  #summary(key: string, { like, count }: Counted): AuditEvent {
    const { type, outcome, reason } = like;
    const common = {
      type,
      id: this.#newId(),
      outcome,
      count,
      message: `${count} more like this`,
      ...(reason === undefined ? {} : { reason }),
    };
    if (key.startsWith(overflow)) return common;
    const ip = member(like.peer, 'ip');
    return {
      ...common,
      ...(like.instance === undefined ? {} : { instance: like.instance }),
      ...(like.door === undefined ? {} : { door: like.door }),
      ...(like.caller === undefined ? {} : { caller: like.caller }),
      ...(like.actor === undefined ? {} : { actor: like.actor }),
      ...(like.decision === undefined ? {} : { decision: like.decision }),
      ...(ip === undefined ? {} : { peer: { ip } }),
    };
  }
}

const overflow = '\n';

/**
 * Alike are refusals of one reason at one door for one identity or person, or, where nobody was proven, from one address. Agents of
 * nodes share an identity: those are told apart by their pods.
 */
export function refusalKey(event: AuditEvent): string {
  const who = member(event.caller, 'identity') ?? member(event.actor, 'user') ?? member(event.peer, 'ip');
  const agent = event.reason === 'authn.impersonation' ? member(member(event.caller, 'pod'), 'uid') : undefined;
  return JSON.stringify([event.type, event.reason, event.door, who, agent]);
}

function member(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && !isArray(value) ? value[name] : undefined;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
