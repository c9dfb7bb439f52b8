import { join } from 'node:path';
import { formatNote } from '#audit/note.ts';
import { checkpointPath } from '#audit/tiles.ts';
import { writeDurably } from './durable-file.ts';
import { demandExtends, holdAgainst, type LogIdentity, type Signed } from './guard.ts';
import { Moment } from './moment.ts';
import { publishCheckpoint, publishTiles, removeOutgrown } from './publish.ts';
import type { TakenUp } from './reader-messages.ts';
import { rootOf } from './tree-hashes.ts';
import type { TreeView } from './tree-view.ts';
import { withdraw } from './withdrawal.ts';

/** The published directory and the guard, in step with a store: tiles, then guard, then checkpoint. */
export class Publication {
  readonly #tree: TreeView;
  readonly #directory: string;
  readonly #guard: string;
  #published = 0;
  /** Tiles are there up to here: further than what is published, where a checkpoint is held back. */
  #written = 0;
  #signed: Signed | undefined;

  constructor(tree: TreeView, directory: string, guard: string) {
    this.#tree = tree;
    this.#directory = directory;
    this.#guard = guard;
  }

  /** Takes up the directory as it is. Rejects with StoreError when the store is behind or beside it, or a stranger signed it. */
  async open(log: LogIdentity): Promise<TakenUp> {
    const guard = await holdAgainst(this.#tree, this.#guard, log);
    const found = await holdAgainst(this.#tree, join(this.#directory, checkpointPath), log);
    this.#published = found?.size ?? 0;
    this.#written = this.#published;
    const newest = guard ?? found;
    return {
      size: this.#published,
      note: found && formatNote(found.note),
      signed: newest && formatNote(newest.note),
    };
  }

  /**
   * Brings bundles and tiles up to all that is durable; gives what is to be signed, once it has been seen to extend what
   * was signed last: a database may have been exchanged under a running server. `moment` is of now.
   */
  async writeTiles(moment = new Moment(this.#tree)): Promise<Signed> {
    if (this.#signed !== undefined) await demandExtends(moment, this.#signed, 'the checkpoint signed last');
    const { size } = await moment.head();
    await publishTiles(moment, this.#directory, this.#written, size);
    this.#written = size;
    const root = await rootOf(moment, size);
    this.#signed = { size, root };
    return this.#signed;
  }

  /** Takes away a part of what was dropped; true while there is more. */
  withdraw(): Promise<boolean> {
    return withdraw(this.#tree, this.#directory, this.#published);
  }

  /** What is signed and not yet to be published: nothing smaller, and nothing beside it, is signed from here on. */
  keepSigned(size: number, note: string): void {
    this.#demandWritten(size);
    writeDurably(this.#guard, note);
  }

  /** The guard first: a crash between the two leaves a guard that the store satisfies, and an older checkpoint. */
  writeCheckpoint(size: number, note: string): void {
    this.#demandWritten(size);
    writeDurably(this.#guard, note);
    publishCheckpoint(this.#directory, note);
    removeOutgrown(this.#directory, this.#published, size);
    this.#published = size;
  }

  #demandWritten(size: number): void {
    if (size !== this.#written) throw new RangeError(`tiles are written up to ${this.#written}, not ${size}`);
  }
}
