import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll } from 'vitest';
import { postgresSource, postgresTarget } from '#store/postgres/move.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { sqliteSource, sqliteTarget } from '#store/sqlite/move.ts';
import { logDatabase, openLog } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { redactionSuite } from './redaction.suite.ts';
import { type OtherStore, type RetentionEngine, retentionSuite } from './retention.suite.ts';

async function places() {
  const home = await mkdtemp(join(tmpdir(), 'countersign-retention-'));
  return {
    directory: join(home, 'store'),
    publicDirectory: join(home, 'public'),
    guard: join(home, 'guard'),
    destroy: () => rm(home, { recursive: true }),
  };
}

async function sqliteEngine(): Promise<RetentionEngine> {
  const { destroy, ...options } = await places();
  const file = logDatabase(options.directory);
  return {
    publicDirectory: options.publicDirectory,
    open: (given) => openLog({ ...options, ...given }),
    verify: () => verifyStore(file),
    octets: () =>
      Buffer.concat([file, `${file}-wal`].filter((each) => existsSync(each)).map((each) => readFileSync(each))),
    async sql(text) {
      const database = new DatabaseSync(file, { timeout: 5_000 });
      database.exec(text);
      database.close();
    },
    backUp: (name) => cp(file, `${file}.${name}`),
    async restore(name) {
      for (const suffix of ['-wal', '-shm']) await rm(file + suffix, { force: true });
      await cp(`${file}.${name}`, file);
    },
    source: async () => sqliteSource(options.directory),
    destroy,
  };
}

async function sqliteStore(): Promise<OtherStore> {
  const { directory, destroy } = await places();
  return {
    target: async (origin) => sqliteTarget(directory, origin),
    verify: () => verifyStore(logDatabase(directory)),
    destroy,
  };
}

retentionSuite('SQLite', sqliteEngine, sqliteStore);
redactionSuite('SQLite', sqliteEngine, sqliteStore);

describeWith(['postgres'], 'the second engine', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function postgresEngine(schema: string): Promise<RetentionEngine> {
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

  async function postgresStore(): Promise<OtherStore> {
    const settings = server.settings('moved');
    return {
      target: (origin) => postgresTarget(settings, origin),
      verify: () => verifyPostgres(settings),
      destroy: async () => void (await server.sql('DROP SCHEMA moved CASCADE')),
    };
  }

  retentionSuite('PostgreSQL', () => postgresEngine('retention'), postgresStore);
  redactionSuite('PostgreSQL', () => postgresEngine('redaction'), postgresStore);
});
