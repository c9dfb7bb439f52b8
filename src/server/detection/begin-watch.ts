import { decodeEntry, type Entry } from '#audit/entry.ts';
import { nameOfRecord } from '#detection/alert.ts';
import type { WatchRule } from '#detection/rule.ts';
import { Watch } from '#detection/watch.ts';
import type { Source } from '#sinks/gather.ts';

/** Entries read at a time. */
const stride = 512;
/** Entries that are recalled at most: some ten seconds of reading. */
const mostRecalled = 1_000_000;

export interface Begun {
  readonly watch: Watch;
  /** Entries that should have been recalled and were not, since only their hash is left or there are too many. */
  readonly unread: number;
}

/**
 * A watch that knows what one that never ended would know at entry `next`: the records that still matter are recalled, and
 * of the alerts those that stand in the log. `size`: durable entries, since an alert may be newer than the last checkpoint.
 */
export async function beginWatch(
  rules: readonly WatchRule[],
  source: Source,
  { next, size, most = mostRecalled }: { readonly next: number; readonly size: number; readonly most?: number },
): Promise<Begun> {
  const { memoryMs } = new Watch(rules);
  const wanted = await firstWithin(source, next, memoryMs);
  const from = Math.max(wanted, next - most);
  const told = new Set<string>();
  await walk(source, from, size, (octets) => {
    const name = octets?.includes('detection.alert') === true ? nameOfRecord(decodeEntry(octets)) : undefined;
    if (name !== undefined) told.add(name);
  });
  const watch = new Watch(rules, told);
  let unread = from - wanted;
  await walk(source, from, next, (octets) => {
    if (octets === undefined) unread++;
    else watch.recall(decodeEntry(octets));
  });
  return { watch, unread };
}

/** The first entry below `next` that is at most so much older than the one before `next`; a body that is gone is older. */
async function firstWithin(source: Source, next: number, memoryMs: number): Promise<number> {
  if (next === 0 || memoryMs === 0) return next;
  const newest = await timeAt(source, next - 1);
  if (newest === undefined) return next;
  let low = 0;
  let high = next - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const time = await timeAt(source, middle);
    if (time !== undefined && time >= newest - memoryMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function timeAt(source: Source, index: number): Promise<number | undefined> {
  const [octets] = await source.entries(index, index + 1);
  return octets === undefined ? undefined : Date.parse(decodeEntry(octets).time);
}

async function walk(
  source: Source,
  from: number,
  to: number,
  each: (octets: Buffer | undefined) => void,
): Promise<void> {
  for (let at = from; at < to; at += stride)
    for (const octets of await source.entries(at, Math.min(at + stride, to)))
      each(octets && Buffer.from(octets.buffer, octets.byteOffset, octets.length));
}

/** Reads what comes next; the alerts of it, and how many entries are gone. */
export async function watchNext(
  watch: Watch,
  source: Source,
  from: number,
  to: number,
): Promise<{ readonly next: number; readonly alerts: ReturnType<Watch['see']>; readonly gone: number }> {
  const next = Math.min(from + stride, to);
  const bodies = await source.entries(from, next);
  const entries: readonly Entry[] = bodies.filter((body) => body !== undefined).map(decodeEntry);
  return { next, alerts: entries.flatMap((entry) => watch.see(entry)), gone: bodies.length - entries.length };
}
