import { existsSync, statSync } from 'node:fs';
import type { WholeStore } from '#store/check.ts';
import type { WholeLog } from '#store/hold-published.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { hasStore } from './log-source.ts';

/** A server's own store, to be verified beside it. */
export interface VerifiedStore {
  readonly name: string;
  /** `published`: what is to be held against it besides. Rejects with StoreError. */
  verify(onProgress: (done: number, all: number) => void, published: WholeLog | undefined): Promise<WholeStore>;
}

/** The store that was named, by its folder or by a configuration that names a PostgreSQL; of a home its own, if it has one. */
export async function storeOf(named: string | undefined, home: Home | undefined): Promise<VerifiedStore | undefined> {
  if (named !== undefined && existsSync(named) && statSync(named).isFile()) {
    const { auditOf } = await import('../store/configured.ts');
    const audit = auditOf(named);
    return audit.store === undefined ? embedded(audit.directory) : inPostgres(audit.store);
  }
  if (named !== undefined) return embedded(named);
  if (home === undefined) return undefined;
  const { postgresOfHome } = await import('../store/configured.ts');
  const settings = postgresOfHome(home);
  if (settings !== undefined) return inPostgres(settings);
  return (await hasStore(home)) ? embedded(home.audit) : undefined;
}

async function embedded(directory: string): Promise<VerifiedStore> {
  const { logDatabase } = await import('#store/sqlite/open-log.ts');
  const { verifyStore } = await import('#store/sqlite/verify.ts');
  const name = logDatabase(directory);
  if (!existsSync(name)) throw new Failure('input', `${directory}: not a store: it has no ${name}`);
  return { name, verify: (onProgress, published) => verifyStore(name, onProgress, published) };
}

async function inPostgres(settings: PostgresSettings): Promise<VerifiedStore> {
  const { verifyPostgres } = await import('#store/postgres/verify.ts');
  const { placeOf } = await import('#store/postgres/settings.ts');
  return {
    name: placeOf(settings),
    verify: (onProgress, published) => verifyPostgres(settings, onProgress, published),
  };
}
