import type { InventoryData } from '../inventory/messages.ts';
import type { PublishData } from '../reader-messages.ts';
import type { PostgresSettings } from './settings.ts';

/** What the threads of this engine are started with; each has a connection of its own. */
export interface PostgresWriterData {
  readonly settings: PostgresSettings;
  /** File whose lock is this replica's directory. */
  readonly lock: string;
  readonly origin: string;
}

export interface PostgresReaderData extends PublishData {
  readonly settings: PostgresSettings;
}

export interface PostgresInventoryData extends InventoryData {
  readonly settings: PostgresSettings;
}
