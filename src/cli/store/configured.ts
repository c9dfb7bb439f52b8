import { existsSync } from 'node:fs';
import { loadConfig } from '#config/load.ts';
import type { AuditConfig } from '#config/sections/audit.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** The section `audit` of a server's configuration. Throws DocumentError. */
export function auditOf(file: string): AuditConfig {
  return loadConfig(file).config.audit;
}

/** The PostgreSQL that a configuration names. Throws DocumentError, and Failure `input` where it names none. */
export function postgresOf(file: string): PostgresSettings {
  const { store } = auditOf(file);
  if (store === undefined) throw new Failure('input', `${file}: its log is an embedded one: there is no audit.store`);
  return store;
}

/** The PostgreSQL of a home's server; undefined where its log is embedded, or nobody can tell. */
export function postgresOfHome(home: Home): PostgresSettings | undefined {
  if (!existsSync(home.config)) return undefined;
  try {
    return auditOf(home.config).store;
  } catch {
    return undefined;
  }
}
