import type { Cursors } from '#sinks/cursor.ts';
import { FileCursors } from '#sinks/file-cursors.ts';
import type { Source } from '#sinks/gather.ts';
import { PostgresTree } from '#store/postgres/postgres-tree.ts';
import { Redial } from '#store/postgres/redial.ts';
import { openForReading } from '#store/sqlite/database.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import type { ExportData } from './messages.ts';
import { PostgresCursors } from './postgres-cursors.ts';

/** What exports need of the engine that holds the log. */
export interface LogSide {
  readonly source: Source;
  readonly cursors: Cursors;
  /** Entries that are durable by now, published or not. */
  size(): Promise<number>;
  close(): Promise<void>;
}

export function openLogSide({ log, origin, directory }: Omit<ExportData, 'sinks'>): LogSide {
  if (log.kind === 'sqlite') {
    const database = openForReading(log.database);
    const tree = new StoredTree(database);
    return {
      source: { origin, entries: (from, to) => tree.entries(from, to) },
      cursors: new FileCursors(directory),
      size: async () => tree.head().size,
      close: async () => database.close(),
    };
  }
  const reading = new Redial(log.settings);
  const tree = new PostgresTree(reading.dial);
  const cursors = new PostgresCursors(log.settings);
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors,
    size: async () => (await tree.head()).size,
    async close() {
      await cursors.close();
      await reading.close();
    },
  };
}
