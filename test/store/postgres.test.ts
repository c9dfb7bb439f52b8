import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { type Engine, logSuite } from './log.suite.ts';

describeWith(['postgres'], 'the second engine', () => {
  let server: PostgresServer;
  let logs = 0;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function postgresEngine(): Promise<Engine> {
    const home = await mkdtemp(join(tmpdir(), 'countersign-log-'));
    const publicDirectory = join(home, 'public');
    const settings = server.settings(`log_${logs++}`);
    return {
      publicDirectory,
      open: (options) =>
        openPostgresLog({
          settings,
          directory: join(home, 'store'),
          publicDirectory,
          guard: join(home, 'guard', 'checkpoint'),
          ...options,
        }),
      destroy: () => rm(home, { recursive: true }),
    };
  }

  logSuite('PostgreSQL', postgresEngine);
});
