import { verifyTree } from '../check.ts';
import type { Head } from '../head.ts';
import { asStoreError } from './open-error.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import type { PostgresSettings } from './settings.ts';

/**
 * The whole log in PostgreSQL, every entry and every hash; gives its head. Rejects with StoreError and the index of the first
 * entry that does not fit. Works beside running servers.
 */
export async function verifyPostgres(
  settings: PostgresSettings,
  onProgress: (checked: number, size: number) => void = () => {},
): Promise<Head> {
  const sessions = new Redial(settings);
  try {
    return await verifyTree(new PostgresTree(sessions.dial), onProgress);
  } catch (thrown) {
    throw asStoreError(thrown);
  } finally {
    await sessions.close();
  }
}
