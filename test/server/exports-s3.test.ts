import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { describeWith } from '#test/oracles.ts';
import { isSum, seqsIn } from '#test/sinks/bucket.ts';
import { S3StandIn } from '#test/store/s3-stand-in.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

const within = { timeout: 20_000, interval: 50 };

describe('objects that a server puts into a bucket', { timeout: 60_000 }, () => {
  let s3: S3StandIn;
  beforeAll(async () => {
    s3 = await S3StandIn.start();
  });
  afterAll(() => s3[Symbol.asyncDispose]());

  /** Lays a sink over a home that puts an object a second. */
  function sinkInto(home: TestHome, prefix: string, more: object = {}): void {
    home.write('access', s3.credentials.accessKey, 0o600);
    home.write('secret', s3.credentials.secretKey, 0o600);
    const keys = { accessKey: { file: 'access' }, secretKey: { file: 'secret' } };
    const to = { s3: { endpoint: s3.endpoint, bucket: 'logs', prefix, ...keys, entries: 4, flush: '1s' } };
    home.write('countersign.yaml', stringify({ ...home.config, ...more, exports: [{ name: 'lake', to }] }));
  }
  const objectsOf = (prefix: string) =>
    [...s3.objects]
      .filter(([key]) => key.startsWith(`/logs/${prefix}/`) && !isSum(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const seqsOf = (prefix: string) => seqsIn(objectsOf(prefix).map(([, { octets }]) => octets));
  /** Ends with the server killed behind a put and in front of its answer. */
  async function killBehindAPut(server: ServerProcess, prefix: string): Promise<void> {
    const before = objectsOf(prefix).length;
    s3.faults.push({ method: 'PUT', fault: 'answer-lost' });
    await vi.waitUntil(() => objectsOf(prefix).length > before, { ...within, interval: 1 });
    await server.kill();
  }
  const expectWithoutAGap = (seqs: readonly number[]) => expect(seqs).toEqual(seqs.map((_, index) => index));
  /** The name says whether other octets were found there. */
  const inOneShape = (prefix: string) => objectsOf(prefix).every(([key]) => /\/\d{12}-\d{12}\.jsonl\.gz$/.test(key));
  const repeated = (prefix: string) => s3.requests.filter((each) => each.startsWith(`GET /logs/${prefix}/`)).length;

  it('A-28: after kill -9 again and again each record is there once, and what was repeated had the same octets', async () => {
    using home = new TestHome({ config: quiet });
    sinkInto(home, 'alone');
    for (let round = 0; round < 2; round++) {
      await using server = await ServerProcess.start(home);
      await killBehindAPut(server, 'alone');
    }
    await using running = await InProcess.start(home);
    await vi.waitUntil(() => seqsOf('alone').length >= running.records.length, within);
    expectWithoutAGap(seqsOf('alone'));
    expect(inOneShape('alone')).toBe(true);
    expect(repeated('alone')).toBeGreaterThanOrEqual(2);
  });

  describeWith(['postgres'], 'of replicas that share a log', () => {
    it('A-28: one is killed behind a put; the other puts the same, and goes on', async () => {
      await using database = await PostgresServer.start();
      const postgres = {
        ...{ hosts: [`127.0.0.1:${database.port}`], database: 'postgres', user: 'tester', schema: 'lake' },
        tls: { mode: 'off' },
      };
      const homeOf = (name: string) => {
        const home = new TestHome({ config: quiet });
        const audit = { ...Object(home.config).audit, store: { postgres } };
        sinkInto(home, 'shared', { instance: { name }, audit });
        return home;
      };
      using one = homeOf('one');
      using two = homeOf('two');
      two.write('audit/log.key', one.logKeyPem, 0o600);
      await using first = await ServerProcess.start(one);
      await killBehindAPut(first, 'shared');
      await using second = await ServerProcess.start(two);
      const count = async () => Number((await database.sql('SELECT count(*)::int AS n FROM lake.entry'))[0]?.n);
      await vi.waitUntil(async () => seqsOf('shared').length >= (await count()), within);
      expectWithoutAGap(seqsOf('shared'));
      expect(inOneShape('shared')).toBe(true);
      expect(repeated('shared')).toBeGreaterThanOrEqual(1);
      expect((await second.stop()).code).toBe(0);
    });
  });
});
