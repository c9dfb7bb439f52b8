import type { Entry } from './entry.ts';
import type { Json } from './event.ts';
import { Malformed } from './malformed.ts';
import { tileWidth } from './tiles.ts';

/** Whole bundles of which a record `log.pruned` says that their bodies go, but for those of `kept`. */
export interface DroppedRange {
  readonly from: number;
  /** The first index after it. */
  readonly to: number;
  /** Indexes whose bodies stay, ascending. */
  readonly kept: readonly number[];
  /** Index of the record that says so. */
  readonly record: number;
}

/** What a record drops; undefined for one of another type. Throws Malformed for what the log cannot have meant. */
export function droppedBy(entry: Entry): DroppedRange | undefined {
  if (entry.type !== 'log.pruned' || entry.outcome !== 'success') return undefined;
  const { seq: record } = entry;
  const { from, to, kept } = objectOf(entry.pruned);
  const indexes = Array.isArray(kept) ? kept.filter((index) => typeof index === 'number') : [];
  const isRange =
    typeof from === 'number' && typeof to === 'number' && Array.isArray(kept) && kept.length === indexes.length;
  if (!isRange || from % tileWidth !== 0 || to % tileWidth !== 0 || from < 0 || from >= to || to > record)
    throw new Malformed('names no bundles before it that were dropped');
  if (indexes.some((index, at) => index < from || index >= to || index <= (indexes[at - 1] ?? -1)))
    throw new Malformed('keeps what is not in its range, or not in order');
  return { from, to, kept: indexes, record };
}

function objectOf(value: Json | undefined): Readonly<Record<string, unknown>> {
  return typeof value === 'object' ? { ...value } : {};
}

/** All that was dropped of a log, as far as its records have been read. */
export class DroppedRanges {
  /** Ascending, neither touching nor overlapping. */
  readonly #spans: { from: number; to: number }[] = [];
  readonly #kept = new Set<number>();

  /** After a crash two records may speak of the same bundles: what either keeps, both do. */
  add({ from, to, kept }: DroppedRange): void {
    for (const index of kept) this.#kept.add(index);
    const first = this.#after(from - 1);
    let last = first;
    const span = { from, to };
    for (let next = this.#spans[last]; next !== undefined && next.from <= to; next = this.#spans[++last]) {
      span.from = Math.min(span.from, next.from);
      span.to = Math.max(span.to, next.to);
    }
    this.#spans.splice(first, last - first, span);
  }

  /** Whether the body at this index need not be there. */
  covers(index: number): boolean {
    return this.inRange(index) && !this.#kept.has(index);
  }

  /** Whether the bundle that it is in was dropped, be this one of it kept or not. */
  inRange(index: number): boolean {
    const span = this.#spans[this.#after(index)];
    return span !== undefined && span.from <= index;
  }

  /** From and to of each run of bundles, ascending. */
  get spans(): readonly { readonly from: number; readonly to: number }[] {
    return this.#spans;
  }

  /** Bodies below `size` that are gone. */
  count(size: number): number {
    const all = this.#spans.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, size) - from), 0);
    return all === 0 ? 0 : all - [...this.#kept].filter((index) => index < size).length;
  }

  /** The first span that ends after `index`. */
  #after(index: number): number {
    let [low, high] = [0, this.#spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#spans[middle]?.to ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
