import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { logSuite } from './log.suite.ts';
import { postgresEngine } from './postgres-engines.ts';

describeWith(['postgres'], 'the second engine', () => {
  let server: PostgresServer;
  let logs = 0;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  logSuite('PostgreSQL', () => postgresEngine(server, `log_${logs++}`));
});
