import type { DatabaseSync } from 'node:sqlite';
import { demandNoStray, demandNoStrayValue, demandTileRows, type LevelRows } from '../check-rows.ts';
import { StoreError } from '../store-error.ts';
import { asInteger, laterTableNames, tableNames } from './database.ts';
import { firstStray } from './disclosures.ts';
import { StoredTree } from './stored-tree.ts';

/** Throws StoreError `damaged` for anything in the database that this program did not make, such as a trigger. */
export function checkSchema(database: DatabaseSync): void {
  const known: ReadonlySet<unknown> = new Set([...tableNames, ...laterTableNames]);
  const found = database.prepare('SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL').all();
  const foreign = found.find(({ type, name }) => type !== 'table' || !known.has(name));
  if (foreign !== undefined)
    throw new StoreError(
      'damaged',
      `the database holds the ${foreign.type} ${foreign.name}, which is none of the log's`,
    );
  const there = new Set(found.map(({ name }) => name));
  if (tableNames.some((name) => !there.has(name))) throw new StoreError('damaged', 'a table of the log is missing');
}

/**
 * Rows that no entry and no hash is read through and that yet must not be there. One look at one state, since a server
 * may be writing meanwhile. Throws StoreError `damaged`.
 */
export function checkRows(database: DatabaseSync): void {
  database.exec('BEGIN');
  try {
    const { size } = new StoredTree(database).head();
    const stray =
      database.prepare('SELECT min(seq) AS seq FROM entry WHERE seq < 0 OR seq >= ?').get(size)?.seq ?? null;
    demandNoStray(size, stray === null ? undefined : asInteger(stray, 'an index'));
    demandTileRows(size, levelRows(database));
    demandNoStrayValue(firstStray(database));
    checkAbout(database);
  } finally {
    database.exec('ROLLBACK');
  }
}

function levelRows(database: DatabaseSync): LevelRows[] {
  const rows = database.prepare(
    'SELECT level, count(*) AS tiles, min(n) AS first, max(n) AS last, sum(length(hashes)) AS octets FROM tile GROUP BY level ORDER BY level',
  );
  return rows.all().map(({ level, tiles, first, last, octets }) => ({ level, tiles, first, last, octets }));
}

function checkAbout(database: DatabaseSync): void {
  const names = database.prepare('SELECT name FROM about ORDER BY name').all();
  if (names.map(({ name }) => name).join(' ') !== 'layout origin')
    throw new StoreError('damaged', "the database does not say its log's layout and origin, and these alone");
}
