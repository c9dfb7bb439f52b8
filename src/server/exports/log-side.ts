import type { Cursors } from '#sinks/cursor.ts';
import { CursorsOfLog, type OfLog } from '#sinks/cursors-of-log.ts';
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

/** The same as an engine gives it: its cursors may be another log's. */
export type EngineSide = LogSide & OfLog;

/** What a thread is told of it. */
export type LogAt = Omit<ExportData, 'sinks'>;

export async function openLogSide(at: LogAt): Promise<LogSide> {
  const side = await openEngineSide(at);
  return { ...side, cursors: new CursorsOfLog(side.cursors, side) };
}

/** Loads the engine that is meant, and not the other. */
async function openEngineSide(at: LogAt): Promise<EngineSide> {
  const { log } = at;
  if (log.kind === 'sqlite') return (await import('./sqlite-side.ts')).openSqliteSide(log.database, at);
  return (await import('./postgres-side.ts')).openPostgresSide(log.settings, at);
}
