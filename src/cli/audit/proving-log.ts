import { existsSync } from 'node:fs';
import type { TlogProof } from '#audit/tlog-proof.ts';
import type { Awaitable } from '#store/tree-view.ts';
import type { Home } from '../home.ts';
import type { SourceOptions } from './log-source.ts';
import { PublishedLog } from './published-log.ts';
import type { Trust } from './trust.ts';

/** A log under its newest signed checkpoint. */
export interface ProvingLog {
  readonly size: number;
  /** Checked up to a checkpoint that is trusted. Throws Failure `no` where it does not hold. */
  prove(index: number, trust: Trust): Awaitable<TlogProof>;
  close(): Awaitable<void>;
}

/** What is published; where no folder of it is here, what the log's PostgreSQL holds. Undefined where there is neither. */
export async function openProving({ log, store }: SourceOptions, home: Home): Promise<ProvingLog | undefined> {
  const directory = log ?? (store === undefined ? home.log : undefined);
  if (directory !== undefined && (log !== undefined || existsSync(directory))) return new PublishedLog(directory);
  const { postgresNamed } = await import('./log-source.ts');
  const settings = await postgresNamed(store, home);
  if (settings === undefined) return undefined;
  return (await import('./shared-log.ts')).SharedLog.openSigned(settings);
}
