import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { TreeView } from '../tree-view.ts';
import { type InventoryRow, rowOf } from './row.ts';
import { Summaries } from './summaries.ts';
import { Words } from './words.ts';

/** Most entries in one step of the projection. */
const stepLength = 4_096;
/** Most rows that are forgotten in one. */
const forgetLength = 1_024;

/** Follows the log, step by step. Its position moves in the transaction that brings the rows: a crash repeats a step. */
export class Projection {
  readonly #database: DatabaseSync;
  readonly #log: TreeView;
  readonly #position: StatementSync;
  readonly #move: StatementSync;
  readonly #insert: StatementSync;
  readonly #revoke: StatementSync;
  readonly #certified: StatementSync;
  readonly #drop: StatementSync;
  readonly #dropping: StatementSync;
  readonly #forget: StatementSync;
  readonly #words: Words;
  readonly #summaries: Summaries;

  constructor(database: DatabaseSync, log: TreeView) {
    this.#database = database;
    this.#log = log;
    this.#words = new Words(database);
    this.#summaries = new Summaries(database, this.#words);
    this.#position = database.prepare('SELECT size FROM position');
    this.#move = database.prepare('UPDATE position SET size = ?');
    this.#insert = database.prepare(`INSERT INTO record VALUES (${Array(29).fill('?').join(', ')})`);
    this.#revoke = database.prepare(`INSERT INTO revocation VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET effective = min(effective, excluded.effective)`);
    this.#drop = database.prepare('INSERT INTO dropping VALUES (?, ?, ?, ?)');
    this.#dropping = database.prepare('SELECT record, next, upto, kept FROM dropping ORDER BY record LIMIT 1');
    this.#forget = database.prepare(
      'DELETE FROM record WHERE seq >= ? AND seq < ? AND seq NOT IN (SELECT value FROM json_each(?))',
    );
    this.#certified = database.prepare(`SELECT seq, time, identity FROM record INDEXED BY by_spki
      WHERE spki = ? AND issued = 1 ORDER BY seq LIMIT 1`);
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
        for (const [at, entry] of entries.entries()) if (entry !== undefined) this.#add(from + at, rowOf(entry));
        this.#summaries.write();
        this.#move.run(to);
      }
      this.#database.exec('COMMIT');
      return this.position < size;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      this.#words.forget();
      this.#summaries.forget();
      throw thrown;
    }
  }

  /**
   * Forgets some rows of bodies that were dropped; true while there are more. Apart from `step`, since questions wait for that:
   * what they show of a record comes from the log, and so is nothing of these.
   */
  forget(): boolean {
    const found = this.#dropping.get();
    if (found === undefined) return false;
    const { record = null, kept = null } = found;
    const [next, upto] = [Number(found.next), Number(found.upto)];
    const end = Math.min(upto, next + forgetLength);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#forget.run(next, end, kept);
      if (end === upto) this.#database.prepare('DELETE FROM dropping WHERE record = ?').run(record);
      else this.#database.prepare('UPDATE dropping SET next = ? WHERE record = ?').run(end, record);
      this.#database.exec('COMMIT');
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    }
    return true;
  }

  #add(seq: number, row: InventoryRow): void {
    const word = (text: string | undefined) => this.#words.idOf(text);
    const identity = word(row.identity);
    const issuerKey = word(row.issuerKey);
    const { since, shared } = this.#earlierUse(row, identity);
    this.#insert.run(
      ...[seq, row.time, word(row.type), word(row.outcome), word(row.reason), word(row.door), identity],
      ...[word(row.trustDomain), word(row.cluster), word(row.namespace), word(row.account), word(row.node)],
      ...[issuerKey, word(row.issuerName), word(row.policy), word(row.policySet), word(row.keyKind)],
      ...[row.issued ? 1 : null, row.impersonated ? 1 : null, row.notBefore ?? null, row.notAfter ?? null],
      ...[since, shared, row.serial ?? null, row.pod ?? null, row.spki ?? null, row.sha256 ?? null, row.jti ?? null],
      row.count,
    );
    if (row.revokedAt !== undefined && row.serial !== undefined && issuerKey !== null)
      this.#revoke.run(row.serial, issuerKey, row.revokedAt);
    this.#summaries.add(seq, row);
    if (row.dropped !== undefined) {
      const { from, to, kept } = row.dropped;
      this.#drop.run(seq, from, to, JSON.stringify(kept));
    }
  }

  /** Since when the key is certified, and the entry that first certified it, where that was for somebody else. */
  #earlierUse(row: InventoryRow, identity: number | null): Record<'since' | 'shared', SQLInputValue> {
    if (!row.issued || row.spki === undefined) return { since: null, shared: null };
    const first = this.#certified.get(row.spki);
    if (first === undefined) return { since: row.time, shared: null };
    return { since: first.time ?? null, shared: first.identity === identity ? null : (first.seq ?? null) };
  }
}
