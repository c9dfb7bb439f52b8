import { existsSync } from 'node:fs';
import type { TlogProof } from '#audit/tlog-proof.ts';
import type { AuditConfig } from '#config/sections/audit.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import type { Awaitable, Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { SourceOptions } from './log-source.ts';
import { PublishedLog } from './published-log.ts';
import type { Trust } from './trust.ts';

/** A log under its newest signed checkpoint. */
export interface SignedLog {
  /** The directory or database, for messages. */
  readonly name: string;
  readonly origin: string;
  /** Entries that the checkpoint covers. */
  readonly size: number;
  /** Roots of its complete subtrees, as they stand there. */
  readonly hashes: { subtree(height: number, index: number): Awaitable<Uint8Array> };
  /** Octets of entries [from, to), cut at `size`; undefined where only the hash is left. */
  entries(from: number, to: number): Awaitable<Bodies>;
  /** Audit path of entry `index` in the tree of the first `size`. */
  path(index: number, size: number): Awaitable<readonly Uint8Array[]>;
  /** Checked up to a checkpoint that is trusted. Throws Failure `no` where it does not hold. */
  prove(index: number, trust: Trust): Awaitable<TlogProof>;
  /** The signed note that stands there. Throws Malformed unless the log's key signed it, Failure `no` unless enough witnesses did. */
  trustedNote(trust: Trust): string;
  close(): Awaitable<void>;
}

interface SignedOptions extends SourceOptions {
  /** Folder of the bundles that were dropped. */
  readonly archive?: string | undefined;
}

/** What is published; where no folder of it is here, what the log's PostgreSQL holds. Undefined where there is neither. */
export async function openSigned({ log, store, archive }: SignedOptions, home: Home): Promise<SignedLog | undefined> {
  const directory = log ?? (store === undefined ? home.log : undefined);
  if (directory !== undefined && (log !== undefined || existsSync(directory)))
    return new PublishedLog(directory, archive);
  const { postgresNamed } = await import('./log-source.ts');
  const settings = await postgresNamed(store, home);
  return settings && inPostgres(settings, archive);
}

/** The same of a configuration. Throws Failure `input` where neither is there. */
export async function signedOf({ publish, store }: AuditConfig): Promise<SignedLog> {
  if (store === undefined || existsSync(publish)) return new PublishedLog(publish);
  const log = await inPostgres(store);
  if (log !== undefined) return log;
  throw new Failure('input', `${placeOf(store)}: no checkpoint was signed yet`);
}

const inPostgres = async (settings: PostgresSettings, archive?: string) =>
  (await import('./shared-signed-log.ts')).SharedSignedLog.open(settings, archive);
