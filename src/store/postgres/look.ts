import { asStoreError } from './open-error.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import type { PostgresSettings } from './settings.ts';
import { statements } from './statements.ts';

/** A log in PostgreSQL in this thread, for looking only, beside the replicas that write it. */
export class PostgresLook {
  readonly tree: PostgresTree;
  readonly #sessions: Redial;

  constructor(settings: PostgresSettings) {
    this.#sessions = new Redial(settings);
    this.tree = new PostgresTree(this.#sessions.dial);
  }

  /** The newest that any replica has published, a signed note; undefined before the first. Rejects with StoreError. */
  async checkpoint(): Promise<string | undefined> {
    try {
      const [row] = await (await this.#sessions.dial()).query(statements.shown);
      return row && String(row.note);
    } catch (thrown) {
      throw asStoreError(thrown);
    }
  }

  async size(): Promise<number> {
    try {
      return (await this.tree.head()).size;
    } catch (thrown) {
      throw asStoreError(thrown);
    }
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}
