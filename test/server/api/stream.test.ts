import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { ApiServer } from './api-server.ts';
import { streamSuite } from './stream.suite.ts';

streamSuite('SQLite', (limits) => ApiServer.start(limits));

describeWith(['postgres'], 'the second engine', () => {
  let database: PostgresServer;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  streamSuite('PostgreSQL', (limits) => {
    const hosts = [`127.0.0.1:${database.port}`];
    const postgres = { hosts, database: 'postgres', user: 'tester', schema: 'streamed', tls: { mode: 'off' } };
    const key = { file: { path: 'audit/log.key' } };
    const audit = { directory: 'audit', origin: 'log.test/mesh', key, publish: 'audit/log', store: { postgres } };
    return ApiServer.start(limits, { config: { audit } });
  });
});

it('is on the record when it begins, and with its rows when it ends', async () => {
  await using api = await ApiServer.start();
  const stream = await api.stream('/v1/records/stream?from=1', { token: api.token('auditor') });
  await stream.take(3);
  await api.running.close();
  const looks = api.looks.filter(({ type }) => type === 'admin.action');
  const route = 'GET /v1/records/stream';
  expect(looks).toMatchObject([
    { action: { route, parameters: { from: 1 }, stage: 'begun' } },
    { action: { route, stage: 'ended', rows: expect.any(Number) } },
  ]);
  expect(Object(looks[1]?.action).rows).toBeGreaterThanOrEqual(3);
});
