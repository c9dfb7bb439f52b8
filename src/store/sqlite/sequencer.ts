import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { placeBatch } from '../batch.ts';
import { fault } from '../fault.ts';
import { GrowingTree } from '../growing-tree.ts';
import type { Head } from '../head.ts';
import { DisclosureRows } from './disclosures.ts';
import { StoredTree } from './stored-tree.ts';

/** Gives records their index and time, and commits them with the tree that they make. One per store. */
export class Sequencer {
  readonly #database: DatabaseSync;
  readonly #tree: GrowingTree;
  readonly #disclosures: DisclosureRows;
  readonly #insertEntry: StatementSync;
  readonly #putTile: StatementSync;
  readonly #putTree: StatementSync;
  #head: Head;

  /** Takes up the tree where the database has it; its right edge must add up to the stored root. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#disclosures = new DisclosureRows(database);
    this.#insertEntry = database.prepare('INSERT INTO entry VALUES (?, ?)');
    this.#putTile = database.prepare('INSERT OR REPLACE INTO tile VALUES (?, ?, ?)');
    this.#putTree = database.prepare('INSERT OR REPLACE INTO tree VALUES (1, ?, ?, ?)');
    const stored = new StoredTree(database);
    this.#head = stored.head();
    this.#tree = GrowingTree.of(this.#head, (level, n) => stored.tile(level, n));
  }

  get head(): Head {
    return this.#head;
  }

  /**
   * Commits a packed batch; what returns is on stable storage. `now` (ms) becomes the time of each record unless it is
   * behind the newest one's. After a throw the sequencer must not be used again: its edge may be ahead of the database.
   */
  commit(packed: ArrayBuffer, now: number, disclosures: readonly PlacedDisclosure[] = []): Head {
    const { size: first, time: newest } = this.#head;
    const time = Math.max(now, newest);
    const entries = placeBatch(packed, first, new Date(time).toISOString());
    // A crash up to COMMIT leaves the log as it was: nobody has been answered.
    this.#database.exec('BEGIN IMMEDIATE');
    for (const [at, entry] of entries.entries()) {
      this.#insertEntry.run(first + at, entry);
      this.#tree.append(entry);
    }
    this.#disclosures.put(first, disclosures);
    for (const { level, n, hashes } of this.#tree.takeChanged()) this.#putTile.run(level, n, hashes);
    const head = { size: first + entries.length, root: this.#tree.root(), time };
    this.#putTree.run(head.size, head.root, head.time);
    fault('batch.inserted');
    this.#database.exec('COMMIT');
    // A crash from here on leaves records whose certificates nobody received: harmless, and on the record.
    fault('batch.committed');
    this.#head = head;
    return head;
  }
}
