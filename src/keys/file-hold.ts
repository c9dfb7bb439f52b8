import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KeyStoreError } from './key-store-error.ts';

/**
 * Holds a file until the returned function is called or the process dies, however it dies: Node has no lock of the
 * operating system's, and SQLite's is one. Throws KeyStoreError `busy` where another process holds it.
 */
export async function holdFile(path: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true });
  const file = new DatabaseSync(path);
  try {
    file.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    file.close();
    throw new KeyStoreError('busy', `another ceremony runs in ${dirname(path)}; wait until it has ended`, { cause });
  }
  return async () => file.close();
}
