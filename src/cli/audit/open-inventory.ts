import type { Inventory } from '#store/inventory/inventory.ts';
import { inventoryFile } from '#store/inventory/place.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { hasStore } from './log-source.ts';

/** The inventory of a home's log, beside its running server or without one. Throws Failure `input` where there is no log. */
export async function openHomeInventory(home: Home): Promise<Inventory> {
  const file = inventoryFile(home.audit);
  if (await hasStore(home)) {
    const { logDatabase } = await import('#store/sqlite/open-log.ts');
    const { originOf } = await import('#store/sqlite/database.ts');
    const { openInventory } = await import('#store/sqlite/open-inventory.ts');
    const log = logDatabase(home.audit);
    return openInventory({ log, file, origin: originOf(log) });
  }
  const { postgresOfHome } = await import('../store/configured.ts');
  const settings = postgresOfHome(home);
  if (settings === undefined) throw new Failure('input', `${home.audit}: there is no log: it has no store`);
  const { openPostgresInventory } = await import('#store/postgres/open-inventory.ts');
  return openPostgresInventory(settings, file);
}
