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

interface Values {
  /** The newest record of each, by the order of their times. */
  readonly byValue: Map<string, { readonly seq: number; readonly time: number; readonly shown: string }>;
  size: number;
  time: number;
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
    const known = this.#room.get(key) ?? { byValue: new Map(), size: 0, time };
    const before = known.size;
    const { byValue } = known;
    const shown = told(value);
    const group = this.#group(shown);
    byValue.delete(group);
    byValue.set(group, { seq: entry.seq, time, shown });
    for (const [old, each] of byValue) {
      if (each.time >= since && byValue.size <= mostValues) break;
      byValue.delete(old);
    }
    known.size = byValue.size;
    known.time = time;
    this.#room.touch(key, known, before);
    if (byValue.size < this.#count) return undefined;
    const all = [...byValue.values()];
    return {
      by,
      count: all.length,
      seqs: all.map(({ seq }) => seq),
      since: all[0]?.time ?? time,
      values: all.map((each) => each.shown),
    };
  }
}

/** One name for all values that count as one. */
function groupsOf(together: readonly (readonly string[])[], wall: string): (value: string) => string {
  const groups = together.map((patterns) => anyGlob(patterns, wall));
  return (value) => {
    const at = groups.findIndex((fits) => fits(value));
    return at < 0 ? `=${value}` : `#${at}`;
  };
}
