import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { PgBouncer } from '#test/support/postgres/pgbouncer.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { places } from './postgres-engines.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/poolers');

describeWith(['postgres', 'pgbouncer'], 'a log in PostgreSQL behind PgBouncer', (path) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const through = ({ port }: PgBouncer, schema: string) =>
    server.settings(schema, { hosts: [{ host: '127.0.0.1', port }] });

  it('that keeps a session to a client, is a log like any other', async () => {
    await using pooler = await PgBouncer.start(path('pgbouncer'), server, 'session');
    const settings = through(pooler, 'kept');
    const folders = await Promise.all([places(), places()]);
    const clock = { now: () => Date.now() };
    const logs = await Promise.all(
      folders.map(({ destroy: _, ...given }) => openPostgresLog({ settings, signer, clock, ...given })),
    );
    await Promise.all(logs.flatMap((log, at) => [0, 1, 2].map((n) => log.append(issuedEvent(at * 10 + n)))));
    for (const log of logs) await log.publish();
    await Promise.all(logs.map((log) => log.close()));
    expect((await verifyPostgres(settings)).size).toBe(6);
    for (const { destroy } of folders) await destroy();
  });

  it('that does not, is refused: on a fresh connection, and on one that another has used', async () => {
    await using pooler = await PgBouncer.start(path('pgbouncer'), server, 'transaction');
    for (let time = 0; time < 3; time++) {
      await expect(openSession(through(pooler, 'shared'))).rejects.toMatchObject({
        code: 'unsafe',
        message: expect.stringContaining('pool_mode = session'),
      });
    }
  });

  it('that lets no transaction through, is refused as well', async () => {
    await using pooler = await PgBouncer.start(path('pgbouncer'), server, 'statement');
    await expect(openSession(through(pooler, 'shared'))).rejects.toThrow('transaction blocks not allowed');
  });
});
