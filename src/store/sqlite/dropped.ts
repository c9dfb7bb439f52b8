import type { DatabaseSync } from 'node:sqlite';
import type { DroppedRange } from '#audit/dropped.ts';
import { DroppedRows, droppedRange, movedDrops } from '../dropped-rows.ts';
import { fault } from '../fault.ts';
import { asBytes, asInteger, damagedUnless, leaveNoCopies, raiseLayout } from './database.ts';
import { dropDisclosures } from './disclosures.ts';

/**
 * Made when the first bodies are dropped: until then the database is one that an earlier version reads too. `record` is the
 * entry that says what is dropped, `next` the first index of its range that has not been looked at.
 */
const table = 'CREATE TABLE IF NOT EXISTS dropped (record INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT';

/** Gives what was dropped, as of each call; reads only what is new. Throws StoreError. */
export function followDropped(database: DatabaseSync): () => DroppedRows {
  const rows = new DroppedRows();
  const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'dropped'");
  const read = () => {
    if (exists.get() === undefined) return rows;
    const found = database
      .prepare('SELECT record, body FROM dropped LEFT JOIN entry ON seq = record WHERE record > ? ORDER BY record')
      .all(rows.newest);
    return rows.add(
      found.map(({ record, body }) => ({
        record: asInteger(record, 'the index of a record'),
        body: body instanceof Uint8Array ? body : undefined,
      })),
    );
  };
  return () => damagedUnless('the store', read);
}

/** In the transaction of a log that is moved here. */
export function takeOverDropped(database: DatabaseSync, dropped: readonly DroppedRange[]): void {
  if (dropped.length === 0) return;
  makeTable(database);
  const insert = database.prepare('INSERT INTO dropped VALUES (?, ?)');
  for (const { record, next } of movedDrops(dropped)) insert.run(record, next);
}

function makeTable(database: DatabaseSync): void {
  database.exec(table);
  raiseLayout(database, '2');
}

/** Rows that one transaction removes: the log's own write waits for it. */
const stepLength = 1_024;
/** Pages that are given back with it, if the file was made so that it can be. */
const pagesBack = 512;

/**
 * Removes a part of the bodies that the record drops; true while there are more. What it has removed is overwritten, and
 * gone for good. A crash leaves all of a step or none of it.
 */
export function dropStep(database: DatabaseSync, record: number): boolean {
  database.exec('PRAGMA secure_delete = ON');
  const body = asBytes(database.prepare('SELECT body FROM entry WHERE seq = ?').get(record)?.body, `entry ${record}`);
  const { from, to, kept } = droppedRange(record, body);
  database.exec('BEGIN IMMEDIATE');
  makeTable(database);
  database.prepare('INSERT OR IGNORE INTO dropped VALUES (?, ?)').run(record, from);
  const next = asInteger(
    database.prepare('SELECT next FROM dropped WHERE record = ?').get(record)?.next,
    'the next index',
  );
  const end = Math.min(to, next + stepLength);
  const stay = JSON.stringify(kept.filter((index) => index >= next && index < end));
  database
    .prepare('DELETE FROM entry WHERE seq >= ? AND seq < ? AND seq NOT IN (SELECT value FROM json_each(?))')
    .run(next, end, stay);
  dropDisclosures(database, next, end, stay);
  database.prepare('UPDATE dropped SET next = ? WHERE record = ?').run(end, record);
  fault('drop.deleted');
  database.exec('COMMIT');
  fault('drop.committed');
  database.exec(`${leaveNoCopies}; PRAGMA incremental_vacuum(${pagesBack})`);
  return end < to;
}
