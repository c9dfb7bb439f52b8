import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TreeView } from '../tree-view.ts';
import { type InventoryRow, rowOf } from './row.ts';

/** Most entries in one step of the projection. */
const stepLength = 4_096;
/** Most words remembered between steps. */
const maxRemembered = 100_000;

/** Follows the log, step by step. Its position moves in the transaction that brings the rows: a crash repeats a step. */
export class Projection {
  readonly #database: DatabaseSync;
  readonly #log: TreeView;
  readonly #position: StatementSync;
  readonly #move: StatementSync;
  readonly #insert: StatementSync;
  readonly #findWord: StatementSync;
  readonly #addWord: StatementSync;
  readonly #words = new Map<string, number | bigint>();

  constructor(database: DatabaseSync, log: TreeView) {
    this.#database = database;
    this.#log = log;
    this.#position = database.prepare('SELECT size FROM position');
    this.#move = database.prepare('UPDATE position SET size = ?');
    this.#insert = database.prepare(`INSERT INTO record VALUES (${Array(17).fill('?').join(', ')})`);
    this.#findWord = database.prepare('SELECT id FROM word WHERE text = ?');
    this.#addWord = database.prepare('INSERT INTO word (text) VALUES (?)');
  }

  /** Number of the log's entries that the inventory speaks of. */
  get position(): number {
    const size = this.#position.get()?.size;
    return typeof size === 'number' ? size : 0;
  }

  /** Takes in up to 4,096 more entries; true while there are still more below `size`. */
  async step(size: number): Promise<boolean> {
    const from = this.position;
    if (from >= size) return false;
    const to = Math.min(size, from + stepLength);
    const entries = await this.#log.entries(from, to);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      // Read again under the lock: a second process may have taken this step meanwhile.
      if (this.position === from) {
        for (const [at, entry] of entries.entries()) this.#add(from + at, rowOf(entry));
        this.#move.run(to);
      }
      this.#database.exec('COMMIT');
      return this.position < size;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      this.#words.clear();
      throw thrown;
    }
  }

  #add(seq: number, row: InventoryRow): void {
    this.#insert.run(
      seq,
      row.time,
      this.#word(row.type),
      this.#word(row.outcome),
      this.#word(row.reason),
      this.#word(row.door),
      this.#word(row.identity),
      this.#word(row.namespace),
      this.#word(row.node),
      this.#word(row.issuerKey),
      this.#word(row.policySet),
      row.notAfter ?? null,
      row.serial ?? null,
      row.spki ?? null,
      row.sha256 ?? null,
      row.jti ?? null,
      row.count,
    );
  }

  #word(text: string | undefined): number | bigint | null {
    if (text === undefined) return null;
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const found = this.#findWord.get(text)?.id;
    const id = typeof found === 'number' ? found : this.#addWord.run(text).lastInsertRowid;
    if (this.#words.size >= maxRemembered) this.#words.clear();
    this.#words.set(text, id);
    return id;
  }
}
