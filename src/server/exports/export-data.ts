import { join } from 'node:path';
import type { ServerConfig } from '#config/server-config.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import type { ExportData, LogPlace } from './messages.ts';

/** Where cursors and dead letters of a home's exports lie. */
export const exportsDirectory = (directory: string) => join(directory, 'exports');

export function exportData({ audit, exports }: ServerConfig, origin: string): ExportData {
  return {
    sinks: exports,
    origin,
    directory: exportsDirectory(audit.directory),
    log: logPlace(audit),
  };
}

/** Where a thread finds the log. */
export const logPlace = (audit: ServerConfig['audit']): LogPlace =>
  audit.store === undefined
    ? { kind: 'sqlite', database: logDatabase(audit.directory) }
    : { kind: 'postgres', settings: audit.store };
