import type { PlacedDisclosure } from '#audit/disclosure.ts';
import type { DroppedRange } from '#audit/dropped.ts';
import { hashLength } from '#audit/merkle.ts';
import { tileWidth } from '#audit/tiles.ts';
import { verifyTree } from '../check.ts';
import { GrowingTree, type TileRow } from '../growing-tree.ts';
import type { Head } from '../head.ts';
import type { Bodies, TreeView } from '../tree-view.ts';

/** A checkpoint that was signed, wherever it was kept. */
export interface SignedNote {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** How far a sink of the exports has come, as its place is kept beside the log. */
export interface SinkCursor {
  readonly sink: string;
  /** The first entry that the sink may not have. */
  readonly next: number;
  readonly memo?: string;
}

/** What goes with a log's entries. */
export interface Carried {
  /** The newest checkpoint over it, if there is one. */
  readonly signed?: SignedNote | undefined;
  readonly cursors?: readonly SinkCursor[];
}

/** A log to be moved away: nobody writes it while this is open. */
export interface MoveSource extends AsyncDisposable {
  readonly name: string;
  readonly origin: string;
  readonly tree: TreeView;
}

/** An empty store that takes a log over: all of it, or after a crash or a rejection none. */
export interface MoveTarget extends AsyncDisposable {
  readonly name: string;
  readonly tree: TreeView;
  /** `entries` have no body where it was dropped; `disclosures` are those of their values that are kept. */
  put(
    from: number,
    entries: Bodies,
    tiles: readonly TileRow[],
    disclosures?: readonly PlacedDisclosure[],
  ): Promise<void>;
  /**
   * What was put, with its head and what goes with it, is there for good. `dropped` names the records by which bodies are
   * not there.
   */
  finish(head: Head, carried: Carried, dropped: readonly DroppedRange[]): Promise<void>;
}

/**
 * Copies a log from one store into another. Every entry is verified on its way, and the tree is grown anew from the
 * entries, so that what is finished is whole; then the copy is read back and verified as well. Rejects with StoreError.
 */
export async function moveLog(
  source: MoveSource,
  target: MoveTarget,
  carried: Carried = {},
  onProgress: (step: 'copying' | 'verifying', done: number, all: number) => void = () => {},
): Promise<Head> {
  const { tree } = source;
  const grown = GrowingTree.empty();
  const passing: TreeView = {
    head: () => tree.head(),
    entry: (index) => tree.entry(index),
    tile: (level, n) => tree.tile(level, n),
    lastIndex: () => tree.lastIndex(),
    dropped: () => tree.dropped(),
    disclosures: (from, to) => tree.disclosures(from, to),
    async entries(from, to) {
      const entries = await tree.entries(from, to);
      if (from !== grown.size) return entries;
      const leaves = await tree.tile(0, from / tileWidth);
      for (const [at, entry] of entries.entries())
        if (entry === undefined) grown.appendLeaf(leaves.slice(at * hashLength, (at + 1) * hashLength));
        else grown.append(behindZero(entry));
      const disclosures = await tree.disclosures(from, from + entries.length);
      await target.put(from, entries, grown.takeChanged(), disclosures);
      return entries;
    },
  };
  const head = await verifyTree(passing, (done, all) => onProgress('copying', done, all));
  const { records } = await tree.dropped();
  await target.finish(head, carried, records);
  await verifyTree(target.tree, (done, all) => onProgress('verifying', done, all));
  return head;
}

/** A view of a copy that a 00 octet stands before. */
function behindZero(entry: Uint8Array): Uint8Array {
  const copy = Buffer.alloc(entry.length + 1);
  copy.set(entry, 1);
  return copy.subarray(1);
}
