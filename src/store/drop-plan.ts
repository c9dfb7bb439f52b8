import { decodeEntry } from '#audit/entry.ts';
import { bundleTerm } from '#audit/retention.ts';
import { tileWidth } from '#audit/tiles.ts';
import type { TreeView } from './tree-view.ts';

/** Bundles that are looked at together; proofs and publication wait for it. */
export const bundlesInGroup = 16;

export interface DueBundle {
  readonly n: number;
  /** Indexes in it whose bodies stay. */
  readonly kept: readonly number[];
}

/** What may be dropped of a group of bundles. */
export interface DropPlan {
  readonly due: readonly DueBundle[];
  /** The first moment at which more of it is due, ms since the epoch; +Infinity for never. */
  readonly wake: number;
  /** It goes on into what is not to be looked at, or is too young, and so does all after it. */
  readonly isLast: boolean;
}

/**
 * The bundles of a group, wholly below entry `below`, of which nothing was of use after `until` (ms). One that holds a
 * certificate of longer life waits, and holds up no other.
 */
export async function planDrop(tree: TreeView, group: number, below: number, until: number): Promise<DropPlan> {
  const { ranges } = await tree.dropped();
  const due: DueBundle[] = [];
  let wake = Number.POSITIVE_INFINITY;
  for (let n = group * bundlesInGroup; n < (group + 1) * bundlesInGroup; n++) {
    const first = n * tileWidth;
    if (ranges.inRange(first)) continue;
    if (first + tileWidth > below || (await isYoung(tree, first + tileWidth - 1, until)))
      return { due, wake, isLast: true };
    const bodies = await tree.entries(first, first + tileWidth);
    const { kept, over } = bundleTerm(bodies.filter((body) => body !== undefined));
    if (kept.length === tileWidth) continue;
    if (over < until) due.push({ n, kept });
    else wake = Math.min(wake, over);
  }
  return { due, wake, isLast: false };
}

/** Its newest entry tells. */
async function isYoung(tree: TreeView, last: number, until: number): Promise<boolean> {
  const entry = await tree.entry(last);
  return entry !== undefined && Date.parse(decodeEntry(entry).time) >= until;
}
