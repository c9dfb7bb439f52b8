import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Number of the layout below. A file of another number is thrown away and made again: all of it follows from the log. */
const layout = '1';

const tables = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
  CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE record (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, type INTEGER NOT NULL, outcome INTEGER NOT NULL, reason INTEGER,
    door INTEGER, identity INTEGER, namespace INTEGER, node INTEGER, issuer_key INTEGER, policy_set INTEGER,
    not_after INTEGER, serial BLOB, spki BLOB, sha256 BLOB, jti BLOB, count INTEGER NOT NULL) STRICT;
  CREATE INDEX by_identity ON record (identity, not_after) WHERE identity IS NOT NULL;
  CREATE INDEX by_namespace ON record (namespace, time) WHERE namespace IS NOT NULL;
  CREATE INDEX by_node ON record (node, time) WHERE node IS NOT NULL;
  CREATE INDEX by_issuer_key ON record (issuer_key, time) WHERE issuer_key IS NOT NULL;
  CREATE INDEX by_policy_set ON record (policy_set) WHERE policy_set IS NOT NULL;
  CREATE INDEX by_serial ON record (serial) WHERE serial IS NOT NULL;
  CREATE INDEX by_spki ON record (spki) WHERE spki IS NOT NULL;
  CREATE INDEX by_sha256 ON record (sha256) WHERE sha256 IS NOT NULL;
  CREATE INDEX by_jti ON record (jti) WHERE jti IS NOT NULL;
`;

/** Opens the inventory of the log `origin` of `size` entries; one that is another's, ahead of the log, or unreadable is made anew. */
export function openInventoryFile(file: string, origin: string, size: number): DatabaseSync {
  const found = tryOpen(file);
  if (found !== undefined) {
    if (belongsTo(found, origin, size)) return found;
    found.close();
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  return create(file, origin);
}

function tryOpen(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    // A crash may cost the newest rows, never the file: they are read from the log again.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    return database;
  } catch {
    database.close();
    return undefined;
  }
}

function belongsTo(database: DatabaseSync, origin: string, size: number): boolean {
  try {
    const about = database.prepare('SELECT name, value FROM about').all();
    const value = (name: string) => about.find((row) => row.name === name)?.value;
    const position = database.prepare('SELECT size FROM position').get()?.size;
    return value('layout') === layout && value('origin') === origin && typeof position === 'number' && position <= size;
  } catch {
    return false;
  }
}

function create(file: string, origin: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; ${tables}`);
  const about = database.prepare('INSERT INTO about VALUES (?, ?)');
  about.run('layout', layout);
  about.run('origin', origin);
  database.exec('INSERT INTO position VALUES (1, 0); COMMIT');
  return database;
}
