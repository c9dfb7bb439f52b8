import type { InventoryData } from '../inventory/messages.ts';
import type { PublishData } from '../reader-messages.ts';

/** What the threads of the embedded engine are started with. */
export interface SqliteWriterData {
  readonly database: string;
  readonly lock: string;
  readonly origin: string;
}

export interface SqliteReaderData extends PublishData {
  readonly database: string;
}

export interface SqliteInventoryData extends InventoryData {
  /** The log's database. */
  readonly log: string;
}
