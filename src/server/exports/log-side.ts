import type { Cursors } from '#sinks/cursor.ts';
import type { Source } from '#sinks/gather.ts';
import type { ExportData } from './messages.ts';

/** What exports need of the engine that holds the log. */
export interface LogSide {
  readonly source: Source;
  readonly cursors: Cursors;
  /** Entries that are durable by now, published or not. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** What a thread is told of it. */
export type LogAt = Omit<ExportData, 'sinks'>;

/** Loads the engine that is meant, and not the other. */
export async function openLogSide(at: LogAt): Promise<LogSide> {
  const { log } = at;
  if (log.kind === 'sqlite') return (await import('./sqlite-side.ts')).openSqliteSide(log.database, at);
  return (await import('./postgres-side.ts')).openPostgresSide(log.settings, at);
}
