import { existsSync, statSync } from 'node:fs';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { Awaitable, Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** Entries in order, from wherever they are kept. */
export interface LogSource {
  /** The directory, file or database, for messages. */
  readonly name: string;
  readonly size: number;
  /** Octets of entries [from, to), cut at `size`; undefined where only the hash is left. */
  entries(from: number, to: number): Awaitable<Bodies>;
  /** Leaf hashes from `n` · 256 on, at most 256. */
  leaves(n: number): Awaitable<Uint8Array>;
  /** The values that are kept beside entries [from, to); absent where none can be, since what is published has none. */
  disclosures?(from: number, to: number): Awaitable<readonly PlacedDisclosure[]>;
  close(): Awaitable<void>;
}

export interface SourceOptions {
  readonly log: string | undefined;
  readonly store: string | undefined;
}

/**
 * The source that was named; of the home the store, which is never behind, embedded or in PostgreSQL, else what is
 * published.
 */
export async function openSource({ log, store }: SourceOptions, home: Home): Promise<LogSource> {
  demandOne({ log, store });
  if (log === undefined) {
    const settings = await postgresNamed(store, home);
    if (settings !== undefined) return (await import('./shared-log.ts')).SharedLog.open(settings);
  }
  const storeAt = store ?? (log === undefined && (await hasStore(home)) ? home.audit : undefined);
  if (storeAt !== undefined) return new (await import('./stored-log.ts')).StoredLog(await embeddedAt(storeAt));
  return new (await import('./published-log.ts')).PublishedLog(log ?? home.log);
}

/** Throws Failure where both were given. */
export function demandOne({ log, store }: SourceOptions): void {
  if (log !== undefined && store !== undefined) throw new Failure('usage', 'give --log or --store, not both');
}

/** The PostgreSQL that a configuration file names, given as the store, or the home's own. */
export async function postgresNamed(store: string | undefined, home: Home): Promise<PostgresSettings | undefined> {
  const { auditOf, postgresOfHome } = await import('../store/configured.ts');
  if (store === undefined) return postgresOfHome(home);
  return isFile(store) ? auditOf(store).store : undefined;
}

/** A folder, or the one that a configuration file names. */
async function embeddedAt(store: string): Promise<string> {
  return isFile(store) ? (await import('../store/configured.ts')).auditOf(store).directory : store;
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

export async function hasStore(home: Home): Promise<boolean> {
  const { logDatabase } = await import('#store/sqlite/open-log.ts');
  if (!existsSync(logDatabase(home.audit))) return false;
  // One that was moved into a PostgreSQL has left its old store behind.
  const { postgresOfHome } = await import('../store/configured.ts');
  return postgresOfHome(home) === undefined;
}
