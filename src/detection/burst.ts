import { parseDuration } from '#document/scalars.ts';
import { type Hit, keyOf, mostSeqs, readAll, type Seen, type Watching } from './condition.ts';
import type { BurstSpec } from './document.ts';
import { Room } from './room.ts';

/** Records of a rule that are remembered, of all keys together. */
const mostRecords = 100_000;

interface Recent {
  /** Oldest first; never more than the rule counts to. */
  readonly records: { readonly seq: number; readonly time: number; readonly weight: number }[];
  size: number;
  time: number;
}

/** So many records within a time, of each value of some fields. */
export class Burst implements Watching {
  readonly #count: number;
  readonly #withinMs: number;
  readonly #by: ReturnType<typeof readAll>;
  readonly #room: Room<Recent>;

  constructor({ count, within = '0s', by = [] }: BurstSpec, most = mostRecords) {
    this.#count = count;
    this.#withinMs = parseDuration(within) * 1_000;
    this.#by = readAll(by);
    this.#room = new Room(most);
  }

  get forgotten(): number {
    return this.#room.forgotten;
  }

  /** A record stands in the window up to `within` after it, that moment included. */
  see({ entry, time }: Seen): Hit | undefined {
    const by = this.#by(entry);
    if (by === undefined) return undefined;
    const weight = typeof entry.count === 'number' ? entry.count : 1;
    const since = time - this.#withinMs;
    this.#room.expire(since);
    const key = keyOf(by);
    const recent = this.#room.get(key) ?? { records: [], size: 0, time };
    const before = recent.size;
    const { records } = recent;
    records.push({ seq: entry.seq, time, weight });
    // Each counts at least one: those that are left are enough by themselves.
    let gone = Math.max(0, records.length - this.#count);
    while ((records[gone]?.time ?? time) < since) gone++;
    records.splice(0, gone);
    recent.size = records.length;
    recent.time = time;
    this.#room.touch(key, recent, before);
    const count = records.reduce((sum, each) => sum + each.weight, 0);
    if (count < this.#count) return undefined;
    return { by, count, seqs: records.slice(-mostSeqs).map(({ seq }) => seq), since: records[0]?.time ?? time };
  }
}
