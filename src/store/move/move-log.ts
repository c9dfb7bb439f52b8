import { emptyRoot } from '#audit/merkle.ts';
import { verifyTree } from '../check.ts';
import { GrowingTree, type TileRow } from '../growing-tree.ts';
import type { Head } from '../head.ts';
import type { TreeView } from '../tree-view.ts';

/** A checkpoint that was signed, wherever it was kept. */
export interface SignedNote {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
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
  put(from: number, entries: readonly Uint8Array[], tiles: readonly TileRow[]): Promise<void>;
  /** What was put, with its head, is there for good. `signed` is the newest checkpoint over it, if there is one. */
  finish(head: Head, signed: SignedNote | undefined): Promise<void>;
}

/**
 * Copies a log from one store into another. Every entry is verified on its way, and the tree is grown anew from the
 * entries, so that what is finished is whole; then the copy is read back and verified as well. Rejects with StoreError.
 */
export async function moveLog(
  source: MoveSource,
  target: MoveTarget,
  signed: SignedNote | undefined,
  onProgress: (step: 'copying' | 'verifying', done: number, all: number) => void = () => {},
): Promise<Head> {
  const { tree } = source;
  const grown = GrowingTree.of({ size: 0, root: emptyRoot, time: 0 }, () => new Uint8Array(0));
  const passing: TreeView = {
    head: () => tree.head(),
    entry: (index) => tree.entry(index),
    tile: (level, n) => tree.tile(level, n),
    lastIndex: () => tree.lastIndex(),
    async entries(from, to) {
      const entries = await tree.entries(from, to);
      if (from !== grown.size) return entries;
      for (const entry of entries) grown.append(behindZero(entry));
      await target.put(from, entries, grown.takeChanged());
      return entries;
    },
  };
  const head = await verifyTree(passing, (done, all) => onProgress('copying', done, all));
  await target.finish(head, signed);
  await verifyTree(target.tree, (done, all) => onProgress('verifying', done, all));
  return head;
}

/** A view of a copy that a 00 octet stands before. */
function behindZero(entry: Uint8Array): Uint8Array {
  const copy = Buffer.alloc(entry.length + 1);
  copy.set(entry, 1);
  return copy.subarray(1);
}
