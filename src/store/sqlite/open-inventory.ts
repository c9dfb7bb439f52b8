import { Inventory, type InventoryOptions } from '../inventory/inventory.ts';

/** The inventory of the embedded log in the database file `log`. */
export function openInventory({ log, ...options }: InventoryOptions & { readonly log: string }): Inventory {
  return new Inventory(new URL('./inventory-thread.ts', import.meta.url), options, { log });
}
