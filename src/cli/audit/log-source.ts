import { existsSync } from 'node:fs';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** Entries in order, from wherever they are kept. */
export interface LogSource {
  /** The directory or file, for messages. */
  readonly name: string;
  readonly size: number;
  /** Octets of entries [from, to), cut at `size`; undefined where only the hash is left. */
  entries(from: number, to: number): readonly (Uint8Array | undefined)[];
  close(): void;
}

export interface SourceOptions {
  readonly log: string | undefined;
  readonly store: string | undefined;
}

/** The source that was named; of the home the store, which is never behind, else what is published. */
export async function openSource({ log, store }: SourceOptions, home: Home): Promise<LogSource> {
  if (log !== undefined && store !== undefined) throw new Failure('usage', 'give --log or --store, not both');
  const storeAt = store ?? (log === undefined && (await hasStore(home)) ? home.audit : undefined);
  if (storeAt !== undefined) return new (await import('./stored-log.ts')).StoredLog(storeAt);
  return new (await import('./published-log.ts')).PublishedLog(log ?? home.log);
}

export async function hasStore(home: Home): Promise<boolean> {
  const { logDatabase } = await import('#store/sqlite/open-log.ts');
  if (!existsSync(logDatabase(home.audit))) return false;
  // One that was moved into a PostgreSQL has left its old store behind.
  const { postgresOfHome } = await import('../store/configured.ts');
  return postgresOfHome(home) === undefined;
}
