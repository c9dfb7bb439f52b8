import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { layout, tables } from './schema.ts';

/**
 * Opens the inventory of the log `origin` of `size` entries; one that is another's, ahead of the log, or unreadable is
 * made anew. A server and somebody's question beside it may come at the same moment: whoever is second waits, and
 * finds what the first has made.
 */
export function openInventoryFile(file: string, origin: string, size: number): DatabaseSync {
  for (let attempt = 1; ; attempt++) {
    const database = new DatabaseSync(file, { timeout: 5_000 });
    try {
      // A crash may cost the newest rows, never the file: they are read from the log again.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
      database.exec('BEGIN IMMEDIATE');
      if (!belongsTo(database, origin, size)) makeAnew(database, origin);
      database.exec('COMMIT');
      return database;
    } catch (thrown) {
      database.close();
      if (attempt === attempts) throw thrown;
      // Only what no SQLite can read is thrown away: a file that is busy is somebody's.
      if (isDamage(thrown)) for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
      else Atomics.wait(sleeper, 0, 0, betweenAttemptsMs);
    }
  }
}

const attempts = 20;
/** Turning a new file to WAL does not wait for whoever is at it, as all else does. */
const betweenAttemptsMs = 50;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** SQLITE_CORRUPT and SQLITE_NOTADB, with the extended codes of the first in its low octet. */
function isDamage(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return false;
  const primary = thrown.errcode & 0xff;
  return primary === 11 || primary === 26;
}

function belongsTo(database: DatabaseSync, origin: string, size: number): boolean {
  try {
    const about = database.prepare('SELECT name, value FROM about').all();
    const value = (name: string) => about.find((row) => row.name === name)?.value;
    const position = database.prepare('SELECT size FROM position').get()?.size;
    return value('layout') === layout && value('origin') === origin && typeof position === 'number' && position <= size;
  } catch (thrown) {
    if (isDamage(thrown)) throw thrown;
    return false;
  }
}

/** Within the transaction that found it wanting. */
function makeAnew(database: DatabaseSync, origin: string): void {
  const found = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  for (const { name } of found) database.exec(`DROP TABLE "${String(name).replaceAll('"', '""')}"`);
  database.exec(tables);
  const about = database.prepare('INSERT INTO about VALUES (?, ?)');
  about.run('layout', layout);
  about.run('origin', origin);
  database.exec('INSERT INTO position VALUES (1, 0)');
}
