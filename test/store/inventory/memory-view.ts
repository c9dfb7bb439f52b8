import { emptyRoot } from '#audit/merkle.ts';
import { DroppedRows } from '#store/dropped-rows.ts';
import type { TreeView } from '#store/tree-view.ts';

/** A log that is its entries alone: what the inventory reads of one. */
export function viewOf(size: number, entryAt: (index: number) => Uint8Array): TreeView {
  return {
    head: () => ({ size, root: emptyRoot, time: 0 }),
    entries: (from, to) => Array.from({ length: to - from }, (_, i) => entryAt(from + i)),
    entry: (index) => (index < size ? entryAt(index) : undefined),
    tile: () => new Uint8Array(),
    lastIndex: () => size - 1,
    disclosures: () => [],
    dropped: () => new DroppedRows(),
  };
}
