import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { layout } from './schema.ts';

/** The inventory's file in the directory of a log: its layout is part of its name, so that two versions never share one. */
export const inventoryFile = (directory: string): string => join(directory, `inventory-${layout}.db`);

const anyInventory = /^inventory(?:-(\d{1,6}))?\.db$/;

/** Removes what versions before this one have left beside `file`, unless one of them is still at it. */
export function removeOlder(file: string): void {
  if (basename(file) !== basename(inventoryFile('.'))) return;
  const directory = dirname(file);
  for (const name of readdirSync(directory)) {
    const [matches, number = '0'] = anyInventory.exec(name) ?? [];
    if (matches === undefined || Number(number) >= Number(layout)) continue;
    const older = join(directory, name);
    if (isUnused(older)) for (const suffix of ['', '-wal', '-shm']) rmSync(older + suffix, { force: true });
  }
}

/** Only whoever has a file alone can take it out of WAL; what is none can be nobody's. */
function isUnused(file: string): boolean {
  try {
    const database = new DatabaseSync(file, { timeout: 0 });
    try {
      return database.prepare('PRAGMA journal_mode = DELETE').get()?.journal_mode === 'delete';
    } finally {
      database.close();
    }
  } catch (thrown) {
    return thrown instanceof Error && 'errcode' in thrown && thrown.errcode === notADatabase;
  }
}

/** SQLITE_NOTADB. */
const notADatabase = 26;
