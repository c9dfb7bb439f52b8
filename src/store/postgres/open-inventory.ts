import { Inventory } from '../inventory/inventory.ts';
import { StoreError } from '../store-error.ts';
import { asStoreError } from './open-error.ts';
import { Redial } from './redial.ts';
import { type PostgresSettings, placeOf } from './settings.ts';
import { statements } from './statements.ts';

/** An inventory of the log in PostgreSQL, kept in `file`, for questions alone: the log is only read. Rejects with StoreError. */
export async function openPostgresInventory(settings: PostgresSettings, file: string): Promise<Inventory> {
  const origin = await originOf(settings);
  return new Inventory(new URL('./inventory-thread.ts', import.meta.url), { file, origin }, { settings });
}

async function originOf(settings: PostgresSettings): Promise<string> {
  const sessions = new Redial(settings);
  try {
    const [row] = await (await sessions.dial()).query(statements.head);
    if (typeof row?.origin === 'string') return row.origin;
  } catch (thrown) {
    throw asStoreError(thrown);
  } finally {
    await sessions.close();
  }
  throw new StoreError('damaged', `${placeOf(settings)} holds no log`, 0);
}
