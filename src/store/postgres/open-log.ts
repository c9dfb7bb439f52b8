import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { demandKeyName } from '#audit/vkey.ts';
import { EngineLog } from '../engine-log.ts';
import { Inventory } from '../inventory/inventory.ts';
import { inventoryFile } from '../inventory/place.ts';
import { type LogOptions, publishInterval } from '../log-options.ts';
import { Publisher } from '../publisher.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import type { PostgresSettings } from './settings.ts';
import type { PostgresReaderData, PostgresWriterData } from './thread-data.ts';

export interface PostgresLogOptions extends LogOptions {
  readonly settings: PostgresSettings;
}

/**
 * Opens a log in PostgreSQL as one of any number of replicas: brings its schema up to date, checks the tree's newest part,
 * and holds it against what was last signed, here and by others. Rejects with StoreError when any of it is not as it should
 * be, and then nothing is held open.
 */
export async function openPostgresLog(options: PostgresLogOptions): Promise<EngineLog> {
  const origin = demandKeyName(options.signer.origin);
  const { settings, directory, publicDirectory, guard, onReach } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const writerData: PostgresWriterData = { settings, origin, lock: join(directory, 'log.lock') };
  const { writer, head } = await Writer.open(new URL('./writer-thread.ts', import.meta.url), writerData, onReach);
  const readerData: PostgresReaderData = { settings, origin, known: options.signer.known, publicDirectory, guard };
  const reader = new Reader(new URL('./reader-thread.ts', import.meta.url), readerData);
  try {
    const found = await reader.opened();
    const interval = publishInterval(options);
    const bounds = { interval, cosigning: options.cosigning, ...found };
    const publisher = new Publisher(reader, options.signer, bounds, (cause) => options.onPublishFailed?.(cause));
    const file = options.inventory ?? inventoryFile(directory);
    const module = new URL('./inventory-thread.ts', import.meta.url);
    const inventory = new Inventory(module, { file, origin }, { settings });
    return new EngineLog({
      options,
      writer,
      reader,
      publisher,
      inventory,
      head,
      lookEvery: interval,
      signedLast: found.signed,
      dropStep: (record) => reader.more({ kind: 'drop', record }),
      erase: (record) => reader.more({ kind: 'erase', record }),
    });
  } catch (thrown) {
    await Promise.allSettled([reader.close(), writer.close()]);
    throw thrown;
  }
}
