import type { DatabaseSync } from 'node:sqlite';
import { verifyTree, type WholeStore } from '../check.ts';
import { holdAgainstPublished, type WholeLog } from '../hold-published.ts';
import { StoreError } from '../store-error.ts';
import { checkRows, checkSchema } from './check-rows.ts';
import { damagedUnless, openForReading, storedOrigin } from './database.ts';
import { StoredTree } from './stored-tree.ts';

/**
 * The whole store, every entry, every hash, every row and every page, and against what is published of it; gives its head.
 * Rejects with StoreError and the index of the first entry that does not fit. Works beside a running server.
 */
export async function verifyStore(
  file: string,
  onProgress: (checked: number, size: number) => void = () => {},
  published?: WholeLog,
): Promise<WholeStore> {
  const database = openForReading(file);
  try {
    damagedUnless(file, () => checkSchema(database));
    const tree = damagedUnless(file, () => new StoredTree(database));
    const head = await verifyTree(tree, onProgress);
    damagedUnless(file, () => checkRows(database));
    damagedUnless(file, () => checkPages(database));
    const origin = storedOrigin(database, file);
    if (published !== undefined) await holdAgainstPublished(tree, origin, published);
    return head;
  } finally {
    database.close();
  }
}

/** What no entry and no hash is read through: SQLite's own view of its pages and indexes. */
function checkPages(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (found !== 'ok') throw new StoreError('damaged', `the database's pages do not fit together: ${found}`);
}
