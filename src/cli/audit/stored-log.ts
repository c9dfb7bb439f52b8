import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { damagedUnless, openForReading } from '#store/sqlite/database.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import type { Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { LogSource } from './log-source.ts';

/** A server's own store, read only: it may run beside us. */
export class StoredLog implements LogSource {
  readonly name: string;
  readonly size: number;
  readonly #database: DatabaseSync;
  readonly #tree: StoredTree;

  /** Throws Failure `input` where no store is, StoreError for one that cannot be read. */
  constructor(directory: string) {
    this.name = logDatabase(directory);
    if (!existsSync(this.name)) throw new Failure('input', `${directory}: not a store: it has no ${this.name}`);
    this.#database = openForReading(this.name);
    this.#tree = damagedUnless(this.name, () => new StoredTree(this.#database));
    this.size = this.#tree.head().size;
  }

  entries(from: number, to: number): Bodies {
    return damagedUnless(this.name, () => this.#tree.entries(from, Math.min(to, this.size)));
  }

  leaves(n: number): Uint8Array {
    return this.#tree.tile(0, n);
  }

  disclosures(from: number, to: number): readonly PlacedDisclosure[] {
    return this.#tree.disclosures(from, to);
  }

  close(): void {
    this.#database.close();
  }
}
