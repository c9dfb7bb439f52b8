import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '#audit/entry.ts';
import { packBatch } from '#store/batch.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { BatchWriter } from '#store/postgres/batch-writer.ts';
import { postgresSource, postgresTarget } from '#store/postgres/move.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import type { PostgresServer } from '#test/support/postgres/server.ts';
import type { EngineOptions } from './log.suite.ts';
import type { OtherStore, RetentionEngine } from './retention.suite.ts';

/** Folders of one store, below one that goes with it. */
export async function places() {
  const home = await mkdtemp(join(tmpdir(), 'countersign-log-'));
  return {
    directory: join(home, 'store'),
    publicDirectory: join(home, 'public'),
    guard: join(home, 'guard', 'checkpoint'),
    destroy: () => rm(home, { recursive: true }),
  };
}

export interface PostgresEngine extends RetentionEngine {
  open(options: EngineOptions & Parameters<RetentionEngine['open']>[0]): Promise<EngineLog>;
}

/** One log in a schema, as all suites of engines ask for it. */
export async function postgresEngine(server: PostgresServer, schema: string): Promise<PostgresEngine> {
  const { destroy, ...options } = await places();
  const settings = server.settings(schema);
  return {
    publicDirectory: options.publicDirectory,
    open: (given) => openPostgresLog({ settings, ...options, ...given }),
    verify: () => verifyPostgres(settings),
    sql: async (text) => void (await server.sql(`SET search_path = ${schema}; ${text}`)),
    backUp: async (name) => server.dump(schema, name),
    restore: async (name) => server.restore(schema, name),
    source: () => postgresSource(settings),
    destroy,
  };
}

/** A schema that a log can be moved into. */
export async function postgresStore(server: PostgresServer, schema: string): Promise<OtherStore> {
  const settings = server.settings(schema);
  return {
    target: (origin) => postgresTarget(settings, origin),
    verify: () => verifyPostgres(settings),
    destroy: async () => void (await server.sql(`DROP SCHEMA ${schema} CASCADE`)),
  };
}

/** A log without its threads, and so many records of `time` in it. */
export async function fillPostgres(
  server: PostgresServer,
  schema: string,
  { origin, records, time }: { origin: string; records: number; time: number },
): Promise<void> {
  const writer = await BatchWriter.open(server.settings(schema), origin, () => {});
  const events = Array.from({ length: records }, (_, n) => encodeEvent(deniedEvent(n)));
  await writer.commit(packBatch(events), time);
  await writer.close();
}
