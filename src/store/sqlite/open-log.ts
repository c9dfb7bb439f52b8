import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { demandKeyName } from '#audit/vkey.ts';
import { EngineLog } from '../engine-log.ts';
import { inventoryFile } from '../inventory/place.ts';
import { type LogOptions, publishInterval } from '../log-options.ts';
import { Publisher } from '../publisher.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { openInventory } from './open-inventory.ts';
import type { SqliteReaderData, SqliteWriterData } from './thread-data.ts';

/** File of the log's database within a store's directory. */
export function logDatabase(directory: string): string {
  return join(directory, 'log.db');
}

/**
 * Opens the embedded log: locks the store, checks its newest part, and holds it against what was last signed. Rejects
 * with StoreError when any of it is not as it should be, and then nothing is held open.
 */
export async function openLog(options: LogOptions): Promise<EngineLog> {
  const origin = demandKeyName(options.signer.origin);
  const { directory, publicDirectory, guard } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const database = logDatabase(directory);
  const writerData: SqliteWriterData = { database, lock: join(directory, 'log.lock'), origin };
  const { writer, head } = await Writer.open(new URL('./writer-thread.ts', import.meta.url), writerData);
  const readerData: SqliteReaderData = { database, origin, known: options.signer.known, publicDirectory, guard };
  const reader = new Reader(new URL('./reader-thread.ts', import.meta.url), readerData);
  try {
    const found = await reader.opened();
    const bounds = { interval: publishInterval(options), cosigning: options.cosigning, ...found };
    const publisher = new Publisher(reader, options.signer, bounds, (cause) => options.onPublishFailed?.(cause));
    const file = options.inventory ?? inventoryFile(directory);
    const inventory = openInventory({ log: database, file, origin });
    const dropStep = (record: number) => writer.drop(record);
    const erase = (record: number) => writer.erase(record);
    const signedLast = found.signed;
    return new EngineLog({ options, writer, reader, publisher, inventory, head, signedLast, dropStep, erase });
  } catch (thrown) {
    await Promise.allSettled([reader.close(), writer.close()]);
    throw thrown;
  }
}
