import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { disclosureOf, redactionOf } from '../disclosure-rows.ts';
import { fault } from '../fault.ts';
import { asBytes, damagedUnless, leaveNoCopies, raiseLayout } from './database.ts';

/** Made when the first value is kept beside the log: until then the database is one that an earlier version reads too. */
const table = `CREATE TABLE IF NOT EXISTS disclosure (seq INTEGER, field TEXT, salt BLOB NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (seq, field)) STRICT`;

const keepsValues = (database: DatabaseSync): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'disclosure'").get() !== undefined;

/** In the transaction of the records that they belong to: indexes count from `first`. */
export class DisclosureRows {
  readonly #database: DatabaseSync;
  #insert: StatementSync | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  put(first: number, disclosures: readonly PlacedDisclosure[]): void {
    if (disclosures.length === 0) return;
    this.#insert ??= this.#prepare();
    for (const { index, field, salt, value } of disclosures) this.#insert.run(first + index, field, salt, value);
  }

  #prepare(): StatementSync {
    this.#database.exec(table);
    raiseLayout(this.#database, '3');
    return this.#database.prepare('INSERT INTO disclosure VALUES (?, ?, ?, ?)');
  }
}

/** Those of entries [from, to), by index and field. Throws StoreError. */
export function readDisclosures(database: DatabaseSync, from: number, to: number): PlacedDisclosure[] {
  return damagedUnless('the store', () => {
    if (!keepsValues(database)) return [];
    const rows = database.prepare('SELECT * FROM disclosure WHERE seq >= ? AND seq < ? ORDER BY seq, field');
    return rows.all(from, to).map((row) => disclosureOf(row));
  });
}

/** Those that lie beside no entry: nothing that is read would find them. */
export function firstStray(database: DatabaseSync): unknown {
  if (!keepsValues(database)) return undefined;
  const stray =
    'SELECT min(seq) AS seq FROM disclosure WHERE NOT EXISTS (SELECT 1 FROM entry WHERE seq = disclosure.seq)';
  return database.prepare(stray).get()?.seq ?? undefined;
}

/** With the bodies of [from, to), but for those that stay, a list in JSON. */
export function dropDisclosures(database: DatabaseSync, from: number, to: number, stay: string): void {
  if (!keepsValues(database)) return;
  database
    .prepare('DELETE FROM disclosure WHERE seq >= ? AND seq < ? AND seq NOT IN (SELECT value FROM json_each(?))')
    .run(from, to, stay);
}

/** Erases what the record names, all or nothing; overwritten, and gone for good. */
export function eraseDisclosures(database: DatabaseSync, record: number): void {
  if (!keepsValues(database)) return;
  const body = asBytes(database.prepare('SELECT body FROM entry WHERE seq = ?').get(record)?.body, `entry ${record}`);
  const { field, records } = redactionOf(record, body);
  database.exec('PRAGMA secure_delete = ON; BEGIN IMMEDIATE');
  database
    .prepare('DELETE FROM disclosure WHERE field = ? AND seq IN (SELECT value FROM json_each(?))')
    .run(field, JSON.stringify(records));
  fault('erase.deleted');
  database.exec(`COMMIT; ${leaveNoCopies}`);
  fault('erase.committed');
  // What was overwritten in the database stands in the write-ahead log until that is emptied.
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
}
