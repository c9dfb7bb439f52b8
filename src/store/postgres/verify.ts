import { verifyTree, type WholeStore } from '../check.ts';
import { holdAgainstPublished, type WholeLog } from '../hold-published.ts';
import { checkRows } from './check-rows.ts';
import { asStoreError } from './open-error.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import type { PostgresSettings } from './settings.ts';

/**
 * The whole log in PostgreSQL, every entry, every hash and every row, and against what is published of it; gives its head.
 * Rejects with StoreError and the index of the first entry that does not fit. Works beside running servers.
 */
export async function verifyPostgres(
  settings: PostgresSettings,
  onProgress: (checked: number, size: number) => void = () => {},
  published?: WholeLog,
): Promise<WholeStore> {
  const sessions = new Redial(settings);
  try {
    const tree = new PostgresTree(sessions.dial);
    const head = await verifyTree(tree, onProgress);
    const origin = await checkRows(await sessions.dial());
    if (published !== undefined) await holdAgainstPublished(tree, origin, published);
    return head;
  } catch (thrown) {
    throw asStoreError(thrown);
  } finally {
    await sessions.close();
  }
}
