import type { Entry } from '#audit/entry.ts';
import { parseDuration } from '#document/scalars.ts';
import { anyGlob } from '#policy/glob.ts';
import { type Hit, keyOf, readAll, type Seen, type Watching } from './condition.ts';
import type { DistinctSpec } from './document.ts';
import { fieldOf, reader, told } from './field.ts';
import { Room } from './room.ts';

/** Values of a rule that are remembered, of all keys together, unless it says otherwise. */
const usualKeys = 200_000;
/** Different values that are remembered of one key, past those that the rule counts to. */
const mostValues = 64;

/** The newest record of a value. */
interface Newest {
  seq: number;
  time: number;
  readonly shown: string;
}

/** Most keys have one value for ever: that one takes as little room as can be. */
interface Values {
  seq: number;
  time: number;
  shown: string;
  size: number;
  /** All of them, by the order of their times, once there was more than one. */
  byValue: Map<string, Newest> | undefined;
}

/** So many different values of a field within a time, of each value of some others. */
export class Distinct implements Watching {
  readonly #count: number;
  readonly #withinMs: number;
  readonly #by: ReturnType<typeof readAll>;
  readonly #of: (entry: Entry) => string | undefined;
  readonly #group: (value: string) => string;
  readonly #room: Room<Values>;

  constructor({ count = 2, within, by, of, together = [], mostKeys }: DistinctSpec) {
    this.#count = count;
    this.#withinMs = parseDuration(within) * 1_000;
    this.#by = readAll(by);
    this.#of = reader(of);
    this.#group = groupsOf(together, fieldOf(of).wall ?? '');
    this.#room = new Room(mostKeys ?? usualKeys);
  }

  get forgotten(): number {
    return this.#room.forgotten;
  }

  see({ entry, time }: Seen): Hit | undefined {
    const by = this.#by(entry);
    const value = this.#of(entry);
    if (by === undefined || value === undefined) return undefined;
    const since = time - this.#withinMs;
    this.#room.expire(since);
    const key = keyOf(by);
    const shown = told(value);
    const newest = { seq: entry.seq, time, shown };
    const known = this.#room.get(key);
    const values = known ?? { ...newest, size: 0, byValue: undefined };
    const before = values.size;
    this.#remember(values, newest, since);
    this.#room.touch(key, values, before);
    if (values.byValue === undefined || values.size < this.#count) return undefined;
    const all = [...values.byValue.values()];
    return {
      by,
      count: all.length,
      seqs: all.map(({ seq }) => seq),
      since: all[0]?.time ?? time,
      values: all.map((each) => each.shown),
    };
  }

  #remember(values: Values, newest: Newest, since: number): void {
    const group = this.#group(newest.shown);
    if (values.byValue === undefined && this.#group(values.shown) !== group) {
      const { seq, time, shown } = values;
      values.byValue = new Map([[this.#group(shown), { seq, time, shown }]]);
    }
    const { byValue } = values;
    values.seq = newest.seq;
    values.time = newest.time;
    if (byValue === undefined) {
      values.shown = newest.shown;
      values.size = 1;
      return;
    }
    byValue.delete(group);
    byValue.set(group, newest);
    for (const [old, each] of byValue) {
      if (each.time >= since && byValue.size <= mostValues) break;
      byValue.delete(old);
    }
    values.size = byValue.size;
  }
}

/** One name for all values that count as one. */
function groupsOf(together: readonly (readonly string[])[], wall: string): (value: string) => string {
  if (together.length === 0) return (value) => value;
  const groups = together.map((patterns) => anyGlob(patterns, wall));
  return (value) => {
    const at = groups.findIndex((fits) => fits(value));
    // no value of a record begins so
    return at < 0 ? value : `\u0000${at}`;
  };
}
