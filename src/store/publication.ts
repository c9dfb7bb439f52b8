import { join } from 'node:path';
import { formatNote } from '#audit/note.ts';
import { checkpointPath } from '#audit/tiles.ts';
import { writeDurably } from './durable-file.ts';
import { holdAgainst, rootOf } from './guard.ts';
import { publishCheckpoint, publishTiles, removeOutgrown } from './publish.ts';
import type { TreeView } from './tree-view.ts';

/** The published directory and the guard, in step with a store: tiles, then guard, then checkpoint. */
export class Publication {
  readonly #tree: TreeView;
  readonly #directory: string;
  readonly #guard: string;
  #published = 0;
  #written = 0;

  constructor(tree: TreeView, directory: string, guard: string) {
    this.#tree = tree;
    this.#directory = directory;
    this.#guard = guard;
  }

  /** Takes up the directory as it is; gives the checkpoint found. Throws StoreError when the store is behind or beside it. */
  open(origin: string): { size: number; note: string | undefined } {
    holdAgainst(this.#tree, this.#guard, origin);
    const found = holdAgainst(this.#tree, join(this.#directory, checkpointPath), origin);
    this.#published = found?.size ?? 0;
    this.#written = this.#published;
    return { size: this.#published, note: found === undefined ? undefined : formatNote(found.note) };
  }

  /** Brings bundles and tiles up to all that is durable; gives what is to be signed. */
  writeTiles(): { size: number; root: Uint8Array } {
    const size = this.#tree.size();
    publishTiles(this.#tree, this.#directory, this.#published, size);
    this.#written = size;
    return { size, root: rootOf(this.#tree, size) };
  }

  /** The guard first: a crash between the two leaves a guard that the store satisfies, and an older checkpoint. */
  writeCheckpoint(size: number, note: string): void {
    if (size !== this.#written) throw new RangeError(`tiles are written up to ${this.#written}, not ${size}`);
    writeDurably(this.#guard, note);
    publishCheckpoint(this.#directory, note);
    removeOutgrown(this.#directory, this.#published, size);
    this.#published = size;
  }
}
