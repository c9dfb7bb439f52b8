import { asInteger } from './columns.ts';
import { asStoreError } from './open-error.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import type { PostgresSettings } from './settings.ts';
import { statements } from './statements.ts';

/** The newest checkpoint that any replica has signed. */
export interface SignedLast {
  readonly size: number;
  readonly note: string;
}

/** A log in PostgreSQL in this thread, for looking only, beside the replicas that write it. */
export class PostgresLook {
  readonly tree: PostgresTree;
  readonly #sessions: Redial;

  constructor(settings: PostgresSettings) {
    this.#sessions = new Redial(settings);
    this.tree = new PostgresTree(this.#sessions.dial);
  }

  /** Undefined before the first. Rejects with StoreError. */
  async signed(): Promise<SignedLast | undefined> {
    try {
      const [row] = await (await this.#sessions.dial()).query(statements.signed);
      return row === undefined
        ? undefined
        : { size: asInteger(row.size, 'the size signed last'), note: String(row.note) };
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
