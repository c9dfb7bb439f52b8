import type { EngineLog } from '#store/engine-log.ts';
import type { LogOptions } from '#store/log-options.ts';
import { openForReading } from '#store/sqlite/database.ts';
import { logDatabase, openLog } from '#store/sqlite/open-log.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import type { TreeView } from '#store/tree-view.ts';
import { FaultyDisk } from '#test/support/faulty-disk/faulty-disk.ts';
import type { TestHome } from '#test/support/home.ts';
import type { Ground } from './ground.ts';

/** The embedded store of the one replica that there is; `home` gives where that keeps it. */
export class SqliteGround implements Ground {
  readonly #home: () => TestHome;
  readonly #canFail: boolean;
  #disk: FaultyDisk | undefined;

  constructor(home: () => TestHome, disk: boolean) {
    this.#home = home;
    this.#canFail = disk;
  }

  get disk(): FaultyDisk | undefined {
    if (this.#canFail) this.#disk ??= new FaultyDisk(this.#home().path('audit'), this.#home().path('trouble'));
    return this.#disk;
  }

  get env(): Readonly<Record<string, string>> {
    return this.disk?.env ?? {};
  }

  storeOf(): undefined {}

  open(options: LogOptions): Promise<EngineLog> {
    return openLog(options);
  }

  async read<T>(use: (tree: TreeView) => Promise<T>): Promise<T> {
    const database = openForReading(this.#file);
    try {
      return await use(new StoredTree(database));
    } finally {
      database.close();
    }
  }

  verify(): Promise<{ readonly size: number }> {
    return verifyStore(this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  get #file(): string {
    return logDatabase(this.#home().path('audit'));
  }
}
