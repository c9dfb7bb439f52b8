import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { StoreError } from '../store-error.ts';

/**
 * Number of the tables' layout below, of the one after bodies were dropped, and of the one with values beside the log;
 * another number is another program's.
 */
const layout = '1';
const layouts: ReadonlySet<unknown> = new Set([layout, '2', '3']);

// `tile` holds hashes exactly as they are published, the right edge of each level included; `tree` is the head they
// add up to. Nothing else is written with a record: questions are answered from a projection.
const tables = `
  CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tile (level INTEGER, n INTEGER, hashes BLOB NOT NULL, PRIMARY KEY (level, n)) STRICT;
  CREATE TABLE IF NOT EXISTS tree (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
    time INTEGER NOT NULL) STRICT;
`;

/**
 * Where SQLite moves rows from page to page, it leaves them where they were as well, unless it is told so before: what is removed
 * later would not be all of it. Costs no writing.
 */
export const leaveNoCopies = 'PRAGMA secure_delete = FAST';

/** Opens the log's database for its one writer, making it when there is none. Throws StoreError. */
export function openForWriting(file: string, origin: string): DatabaseSync {
  const database = new DatabaseSync(file);
  return damagedUnless(file, () => {
    // The second holds for new files alone: theirs give back the space of what is dropped, all others use it again.
    database.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(leaveNoCopies);
    database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT`);
    belongTo(database, file, origin);
    return database;
  });
}

/** Names of the tables; nothing else belongs into the database, least of all what acts by itself. */
export const tableNames = ['about', 'entry', 'tile', 'tree'] as const;
/** Made when the first bodies are dropped, and when the first value is kept beside the log. */
export const laterTableNames = ['disclosure', 'dropped'] as const;

/** In a transaction: the database is now one that only a program of this layout reads, or of a later one. */
export function raiseLayout(database: DatabaseSync, to: '2' | '3'): void {
  database.prepare("UPDATE about SET value = ? WHERE name = 'layout' AND value < ?").run(to, to);
}

/** Opens the log's database for looking only. */
export function openForReading(file: string): DatabaseSync {
  return damagedUnless(file, () => new DatabaseSync(file, { readOnly: true, timeout: 5_000 }));
}

/** The log that a database is of. Throws StoreError. */
export function originOf(file: string): string {
  const database = openForReading(file);
  try {
    return storedOrigin(database, file);
  } finally {
    database.close();
  }
}

/** The same of one that is open. Throws StoreError. */
export function storedOrigin(database: DatabaseSync, file: string): string {
  const row = damagedUnless(file, () => database.prepare("SELECT value FROM about WHERE name = 'origin'").get());
  if (typeof row?.value === 'string') return row.value;
  throw new StoreError('damaged', `${file} does not say which log it is`);
}

function belongTo(database: DatabaseSync, file: string, origin: string): void {
  const about = new Map(
    database
      .prepare('SELECT name, value FROM about')
      .all()
      .map(({ name, value }) => [name, value]),
  );
  if (about.size === 0) {
    const insert = database.prepare('INSERT INTO about VALUES (?, ?)');
    database.exec('BEGIN IMMEDIATE');
    insert.run('layout', layout);
    insert.run('origin', origin);
    database.exec('COMMIT');
    return;
  }
  if (!layouts.has(about.get('layout'))) {
    const known = [...layouts].join(' and ');
    throw new StoreError('version', `${file} has layout ${about.get('layout')}; this program reads layouts ${known}`);
  }
  if (about.get('origin') !== origin) {
    throw new StoreError('origin', `${file} is the log "${about.get('origin')}"; the configured origin is "${origin}"`);
  }
}

/** Whatever SQLite finds wrong becomes a StoreError, and a StoreError without an index gets this one. */
export function damagedUnless<T>(file: string, read: () => T, index?: number): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof StoreError && (cause.index !== undefined || index === undefined)) throw cause;
    if (cause instanceof StoreError) throw new StoreError(cause.code, cause.message, index, { cause });
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('damaged', `${file} cannot be read: ${problem}`, index, { cause });
  }
}

export function asInteger(value: SQLOutputValue | undefined, what: string): number {
  if (typeof value === 'number') return value;
  throw new StoreError('damaged', `${what} is no integer`);
}

export function asBytes(value: SQLOutputValue | undefined, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new StoreError('damaged', `${what} is missing or no blob`);
}
