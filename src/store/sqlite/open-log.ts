import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointSigner } from '#audit/checkpoint.ts';
import { demandKeyName } from '#audit/vkey.ts';
import type { Clock } from '#issuance/ports.ts';
import { Publisher } from '../publisher.ts';
import { Inventory } from './inventory/inventory.ts';
import { Reader } from './reader.ts';
import { SqliteLog } from './sqlite-log.ts';
import { Writer } from './writer.ts';

export interface LogOptions {
  /** Directory of the store, made when it is not there; one server at a time. */
  readonly directory: string;
  /** Directory of tiles, bundles and checkpoint. */
  readonly publicDirectory: string;
  /** File that keeps the last signed checkpoint: on another volume, so that no one backup puts both back. */
  readonly guard: string;
  readonly signer: CheckpointSigner;
  readonly clock: Clock;
  /** ms between a commit and its publication; 500 unless told, at most 1,000. */
  readonly publishInterval?: number;
  /** Records accepted and not yet durable; 4,096 unless told. */
  readonly maxOutstanding?: number;
  /** Records in one commit; 256 unless told. */
  readonly maxBatch?: number;
  /** ms that a record may wait for those that are about to follow it; 2 unless told. */
  readonly linger?: number;
  /** Octets of one entry; 16,384 unless told. */
  readonly maxEntry?: number;
  /** File of the inventory; `inventory.db` in the directory unless told. It may be deleted at any time. */
  readonly inventory?: string;
  /** Called once when the log can no longer be written: nothing more is released; the server has to end. */
  readonly onFailed?: (cause: unknown) => void;
  /** Called for each round of publication that failed; it is tried again. */
  readonly onPublishFailed?: (cause: unknown) => void;
}

/** File of the log's database within a store's directory. */
export function logDatabase(directory: string): string {
  return join(directory, 'log.db');
}

/**
 * Opens the embedded log: locks the store, checks its newest part, and holds it against what was last signed. Rejects
 * with StoreError when any of it is not as it should be, and then nothing is held open.
 */
export async function openLog(options: LogOptions): Promise<SqliteLog> {
  const origin = demandKeyName(options.signer.origin);
  const { directory, publicDirectory, guard } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const database = logDatabase(directory);
  const { writer, head } = await Writer.open({ database, lock: join(directory, 'log.lock'), origin });
  const reader = new Reader({ database, origin, publicDirectory, guard });
  try {
    const found = await reader.opened();
    const interval = Math.min(options.publishInterval ?? 500, 1_000);
    const publisher = new Publisher(reader, options.signer, { interval, ...found }, (cause) =>
      options.onPublishFailed?.(cause),
    );
    const file = options.inventory ?? join(directory, 'inventory.db');
    const inventory = new Inventory({ log: database, file, origin });
    return new SqliteLog({ options, writer, reader, publisher, inventory, head });
  } catch (thrown) {
    await Promise.allSettled([reader.close(), writer.close()]);
    throw thrown;
  }
}
