import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockStore } from '../lock.ts';
import type { MoveSource, MoveTarget } from '../move/move-log.ts';
import { StoreError } from '../store-error.ts';
import { openForReading, openForWriting, storedOrigin } from './database.ts';
import { DisclosureRows } from './disclosures.ts';
import { takeOverDropped } from './dropped.ts';
import { logDatabase } from './open-log.ts';
import { StoredTree } from './stored-tree.ts';

/** An embedded log to be moved away, held so that no server opens it meanwhile. Throws StoreError. */
export function sqliteSource(directory: string): MoveSource {
  const name = logDatabase(directory);
  if (!existsSync(name)) throw new StoreError('damaged', `${directory} is no store: it has no ${name}`);
  const lock = lockStore(join(directory, 'log.lock'));
  const database = openForReading(name);
  return {
    name,
    origin: storedOrigin(database, name),
    tree: new StoredTree(database),
    async [Symbol.asyncDispose]() {
      database.close();
      lock.close();
    },
  };
}

/** A directory in which an embedded log may be made: in one transaction, which a crash undoes. Throws StoreError. */
export function sqliteTarget(directory: string, origin: string): MoveTarget {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const name = logDatabase(directory);
  const lock = lockStore(join(directory, 'log.lock'));
  const database = openForWriting(name, origin);
  const tree = new StoredTree(database);
  if (tree.head().size > 0 || tree.lastIndex() >= 0) {
    database.close();
    lock.close();
    throw new StoreError('occupied', `${name} has a log already: move it out of the way first`);
  }
  const insert = database.prepare('INSERT INTO entry VALUES (?, ?)');
  const putTile = database.prepare('INSERT OR REPLACE INTO tile VALUES (?, ?, ?)');
  const values = new DisclosureRows(database);
  database.exec('BEGIN IMMEDIATE');
  return {
    name,
    tree,
    async put(from, entries, tiles, disclosures = []) {
      for (const [at, entry] of entries.entries()) if (entry !== undefined) insert.run(from + at, entry);
      values.put(0, disclosures);
      for (const { level, n, hashes } of tiles) putTile.run(level, n, hashes);
    },
    // The signed checkpoint is kept by the guard alone, cursors in files beside the log.
    async finish({ size, root, time }, _carried, dropped) {
      if (size > 0) database.prepare('INSERT INTO tree VALUES (1, ?, ?, ?)').run(size, root, time);
      takeOverDropped(database, dropped);
      database.exec('COMMIT');
    },
    async [Symbol.asyncDispose]() {
      // What was not finished is rolled back with it.
      database.close();
      lock.close();
    },
  };
}
