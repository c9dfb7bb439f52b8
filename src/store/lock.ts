import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

/**
 * Holds a directory for this process: an exclusive transaction on a database of its own, kept open. The kernel drops the
 * lock with the process, however it ends, so nothing stale is ever left. Throws StoreError `locked`.
 */
export function lockStore(file: string): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    throw new StoreError('locked', `another process has the store open (${file} is locked)`, undefined, { cause });
  }
}
