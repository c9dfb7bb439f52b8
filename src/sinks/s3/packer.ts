import { decodeEntry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import type { Format } from '#export/format.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { Batch } from '../driver.ts';
import type { Gather, Source, Waiting } from '../gather.ts';
import { PackedFile } from './packed-file.ts';
import { type Plan, readPlan } from './plan.ts';

export interface PackerParts {
  readonly source: Source;
  readonly format: () => Promise<Format>;
  readonly compressed: boolean;
  /** Entries of one object, at most. */
  readonly entries: number;
  /** ms that its oldest record may wait for an object to become full. */
  readonly flushMs: number;
  readonly pace: Pace;
}

/** Octets of an object, about: what is in memory for a sink at a time. */
const mostOctets = 32 * 1024 * 1024;
/** Entries read at a time. */
const stride = 256;

/**
 * Makes objects of the log: each of at most so many entries, or of what there is when its oldest has waited long enough, and
 * of one day. Which day is that of its first record; another begins with the first record of a later one.
 */
export class Packer {
  readonly #parts: PackerParts;
  #waiting: { readonly from: number; readonly since: number | undefined; readonly seenAt: number } | undefined;

  constructor(parts: PackerParts) {
    this.#parts = parts;
  }

  readonly gather: Gather = async ({ from, covered }, memo, signal) => {
    const plan = readPlan(memo);
    if (plan?.from === from) return this.#pack(plan, 'all of it', signal);
    const to = Math.min(covered, from + this.#parts.entries);
    const waiting = to - from < this.#parts.entries ? await this.#notYet(from, to) : undefined;
    return waiting ?? this.#pack({ from, to, covered }, 'as one object', signal);
  };

  /** By the clock of the records, and by ours from when it was first seen: clocks may be set back. */
  async #notYet(from: number, to: number): Promise<Waiting | undefined> {
    const { pace, flushMs, source } = this.#parts;
    if (this.#waiting?.from !== from || this.#waiting.since === undefined) {
      const bodies = await source.entries(from, Math.min(to, from + stride));
      const first = bodies.find((octets) => octets !== undefined);
      const since = first && Date.parse(decodeEntry(first).time);
      this.#waiting = { from, since, seenAt: pace.elapsed() };
    }
    const { since, seenAt } = this.#waiting;
    if (since === undefined || pace.now() - since >= flushMs || pace.elapsed() - seenAt >= flushMs) return undefined;
    return { since };
  }

  async #pack({ from, to, covered }: Plan, what: 'all of it' | 'as one object', signal: AbortSignal): Promise<Batch> {
    const format = await this.#parts.format();
    const file = new PackedFile(format.open(), this.#parts.compressed);
    const gone: number[] = [];
    let first: string | undefined;
    let records = 0;
    let next = from;
    try {
      for await (const { seq, octets } of entriesOf(this.#parts.source, from, to, signal)) {
        if (octets === undefined) gone.push(seq);
        else {
          const entry = decodeEntry(octets);
          first ??= entry.time;
          const isFull = file.length > mostOctets || dayOf(entry.time) > dayOf(first);
          if (isFull && what === 'as one object') break;
          if (format.takes(entry)) {
            const { origin } = this.#parts.source;
            await file.add({ entry, octets, leafHash: leafHash(octets), origin, checkpointSize: covered });
            records++;
          }
        }
        next = seq + 1;
      }
      const batch = { from, to: next, rows: [], gone };
      if (first === undefined || records === 0) return batch;
      return { ...batch, packed: { octets: await file.end(), records, time: first, covered } };
    } finally {
      file.close();
    }
  }
}

export const dayOf = (time: string) => time.slice(0, 10);

async function* entriesOf(source: Source, from: number, to: number, signal: AbortSignal) {
  for (let at = from; at < to; at += stride) {
    signal.throwIfAborted();
    const bodies = await source.entries(at, Math.min(at + stride, to));
    for (const [index, octets] of bodies.entries()) yield { seq: at + index, octets };
  }
}
