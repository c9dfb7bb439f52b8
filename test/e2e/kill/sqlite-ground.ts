import { openForReading } from '#store/sqlite/database.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import type { TreeView } from '#store/tree-view.ts';
import type { Ground } from './ground.ts';

/** The embedded store of the one replica that there is; `folder` gives where that keeps it. */
export class SqliteGround implements Ground {
  readonly #folder: () => string;

  constructor(folder: () => string) {
    this.#folder = folder;
  }

  storeOf(): undefined {}

  async read<T>(use: (tree: TreeView) => Promise<T>): Promise<T> {
    const database = openForReading(logDatabase(this.#folder()));
    try {
      return await use(new StoredTree(database));
    } finally {
      database.close();
    }
  }

  verify(): Promise<{ readonly size: number }> {
    return verifyStore(logDatabase(this.#folder()));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
