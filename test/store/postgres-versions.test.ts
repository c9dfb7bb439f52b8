import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { migrations } from '#store/postgres/schema.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { programsOf18 } from '#test/support/postgres/readable.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { logSuite } from './log.suite.ts';
import { postgresEngine, postgresStore } from './postgres-engines.ts';
import { demandKeyedStatements } from './postgres-plans.ts';
import { redactionSuite } from './redaction.suite.ts';
import { retentionSuite } from './retention.suite.ts';

// Everywhere else the judge is Debian's PostgreSQL; this is what matters, on the newest major.
describeWith(['postgres-18'], 'a log on the newest PostgreSQL', (path) => {
  let server: PostgresServer;
  let schemas = 0;
  beforeAll(async () => {
    server = await PostgresServer.start(undefined, { programs: programsOf18(path('postgres-18')) });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const engine = () => postgresEngine(server, `log_${schemas++}`);
  const store = () => postgresStore(server, `log_${schemas++}`);
  logSuite('PostgreSQL 18', engine);
  retentionSuite('PostgreSQL 18', engine, store);
  redactionSuite('PostgreSQL 18', engine, store);

  it('is of the major that the judge is named after', async () => {
    const [row] = await server.sql('SHOW server_version');
    expect(String(row?.server_version)).toMatch(/^18\./);
  });

  it('no statement of issuance or of a proof reads a table of a million rows from end to end', () =>
    demandKeyedStatements(server, 'plans'));

  describe('two replicas', () => {
    const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/versions');
    const clock = { now: () => Date.parse('2026-11-21T14:00:00Z') };
    const identity = 'spiffe://cluster.local/ns/demo/sa/web';

    it('make the tables, append at once, publish, answer, and go on after a restart of the server', async () => {
      const replicas = await Promise.all([postgresEngine(server, 'pair'), postgresEngine(server, 'pair')]);
      const logs = await Promise.all(replicas.map((replica) => replica.open({ signer, clock })));
      const append = (from: number, count: number) =>
        Promise.all(logs.flatMap((log, at) => Array.from({ length: count }, (_, n) => log.append(event(from, at, n)))));
      const event = (from: number, at: number, n: number) => issuedEvent(from + at * 1_000 + n);

      expect(await server.sql('SELECT max(version) AS version FROM pair.migration')).toEqual([
        { version: migrations.length },
      ]);
      const before = await append(0, 400);
      await server.stop();
      await server.start();
      const after = await append(10_000, 100);
      expect([...before, ...after].sort((left, right) => left - right)).toEqual(
        Array.from({ length: 1_000 }, (_, index) => index),
      );
      for (const [at, log] of logs.entries()) {
        await log.publish();
        const published = replicas[at]?.publicDirectory ?? '';
        expect(await verifyDirectory(published, signer.vkey)).toMatchObject({ size: 1_000 });
        const answer = await log.inventory.ask({
          name: 'held',
          filters: { identity, at: clock.now() },
          now: clock.now(),
        });
        expect(answer).toMatchObject({ answer: 'records', upTo: 1_000 });
        const [last] = (await log.entries(999, 1_000)).map(decodeEntry);
        expect(last?.seq).toBe(999);
      }
      await Promise.all(logs.map((log) => log.close()));
      for (const replica of replicas) {
        expect((await replica.verify()).size).toBe(1_000);
        await replica.destroy();
      }
    });
  });
});
