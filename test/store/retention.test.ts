import { existsSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll } from 'vitest';
import { sqliteSource, sqliteTarget } from '#store/sqlite/move.ts';
import { logDatabase, openLog } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { places, postgresEngine, postgresStore } from './postgres-engines.ts';
import { redactionSuite } from './redaction.suite.ts';
import { type OtherStore, type RetentionEngine, retentionSuite } from './retention.suite.ts';

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

  const moved = () => postgresStore(server, 'moved');
  retentionSuite('PostgreSQL', () => postgresEngine(server, 'retention'), moved);
  redactionSuite('PostgreSQL', () => postgresEngine(server, 'redaction'), moved);
});
