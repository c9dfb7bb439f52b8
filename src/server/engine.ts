import { join } from 'node:path';
import type { AuditConfig } from '#config/sections/audit.ts';
import type { EngineLog } from '#store/engine-log.ts';
import type { LogOptions } from '#store/log-options.ts';
import { openLog } from '#store/sqlite/open-log.ts';

/** The log on the engine that is configured, with the places that go with it. Rejects with StoreError. */
export async function openEngine(
  audit: AuditConfig,
  options: Omit<LogOptions, 'directory' | 'publicDirectory' | 'guard' | 'redactable'>,
): Promise<EngineLog> {
  const places = {
    directory: audit.directory,
    publicDirectory: audit.publish,
    guard: audit.checkpointGuard ?? join(audit.directory, 'checkpoint.guard'),
    redactable: audit.redactable,
  };
  if (audit.store === undefined) return openLog({ ...options, ...places });
  const { openPostgresLog } = await import('#store/postgres/open-log.ts');
  return openPostgresLog({ ...options, ...places, settings: audit.store });
}
