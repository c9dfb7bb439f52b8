import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { S3Settings } from '#s3/settings.ts';
import { trySink } from '#sinks/try-sink.ts';
import { readBy } from '#test/export/readers.ts';
import { describeWith } from '#test/oracles.ts';
import { S3Gateway } from '#test/support/s3/gateway.ts';
import { intoBucket, isSum, seqsIn, sinkIn } from './bucket.ts';
import { EndlessLog, rig } from './rig.ts';
import { makeTlsFiles } from './tls-files.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describeWith(['set:s3'], 'objects in a bucket of a real S3 server', (judge) => {
  let s3: S3Gateway;
  beforeAll(async () => {
    s3 = await S3Gateway.start(judge('set:s3'));
    await s3.makeBucket('lake');
    await s3.makeBucket('killed');
    await s3.makeBucket('tried');
  });
  afterAll(() => s3[Symbol.asyncDispose]());
  const lock = { mode: 'governance', days: 1 } as const;

  it('A-30: hold every record once; sha256sum is right about them; they are locked', async () => {
    const bucket = { ...s3.settings('lake'), lock };
    const { delivery, publish, at } = rig({ open: intoBucket(sinkIn(bucket)) });
    publish(500);
    await at(500);
    await delivery.stop();
    const keys = (await s3.versions('lake')).map(({ key }) => key);
    const objects = keys.filter((key) => !isSum(key));
    const octets = await Promise.all(objects.map((key) => s3.read('lake', key)));
    expect(seqsIn(octets)).toEqual(numbers(0, 500));
    for (const [index, key] of objects.entries()) {
      const [, folder, name] = /^(.*)\/([^/]*)$/.exec(key) ?? [];
      const sum = await s3.read('lake', `${folder}/_${name}.sha256`);
      expect(sum.toString()).toBe(`${hash('sha256', octets[index] ?? '')}  ${name}\n`);
    }
    const kept = await s3.ask('HEAD', `lake/${objects[0]}`);
    expect(kept.headers.get('x-amz-object-lock-mode')).toBe('GOVERNANCE');
  });

  it('A-28: after the server was killed again and again each record is there once, in one version', async () => {
    const sink = sinkIn(s3.settings('killed'), { entries: 50 });
    const { delivery, cursor, pace, dead, publish } = rig({ open: intoBucket(sink) });
    for (let size = 500; size <= 2_000; size += 500) {
      publish(size);
      const killed = s3.killAndRestart();
      while (cursor.place.next < size) {
        await new Promise((resolve) => setImmediate(resolve));
        pace.advance(1_000);
      }
      await killed;
    }
    await delivery.stop();
    const versions = await s3.versions('killed');
    const keys = versions.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const objects = keys.filter((key) => !isSum(key));
    expect(seqsIn(await Promise.all(objects.map((key) => s3.read('killed', key))))).toEqual(numbers(0, 2_000));
    expect(dead).toEqual([]);
  });

  const tried = (changed: Partial<S3Settings> = {}) =>
    trySink(sinkIn({ ...s3.settings('tried'), ...changed }), new EndlessLog(), 12);

  it('a try puts the newest record where it is no data, and finds it there the next time', async () => {
    expect(await tried()).toEqual({ outcome: { kind: 'accepted' }, sent: true });
    expect(await tried()).toEqual({ outcome: { kind: 'accepted' }, sent: true });
    expect((await s3.versions('tried')).map(({ key }) => key)).toEqual([
      'mesh/_test/log_origin=log.test_sinks/day=2026-11-21/000000000011-000000000011.jsonl.gz',
      'mesh/_test/log_origin=log.test_sinks/day=2026-11-21/_000000000011-000000000011.jsonl.gz.sha256',
    ]);
  });

  it.each([
    [/^there is no bucket lost/, { bucket: 'lost' }],
    [/^bucket tried is in region eu-north-1, not us-east-1/, { region: 'us-east-1' }],
    [/^the secret key is not that of the access key/, { secretKey: { env: 'PATH' } }],
    [/No user exists with the provided access key/, { accessKey: { env: 'NODE_ENV' } }],
    [/^127\.0\.0\.1:1: connect ECONNREFUSED/, { endpoint: 'http://127.0.0.1:1' }],
    [/^nowhere\.invalid: getaddrinfo .* nowhere\.invalid/, { endpoint: 'http://nowhere.invalid' }],
    [/NOT_SET is not set/, { secretKey: { env: 'NOT_SET' } }],
  ] as const)('a try says %s', async (words, changed) => {
    const { outcome } = await tried(changed);
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringMatching(words) });
    expect(JSON.stringify(outcome)).not.toMatch(/a-secret-that-only/);
  });

  it('a try says whom it does not trust', async () => {
    using files = makeTlsFiles();
    await using secured = await S3Gateway.start(judge('set:s3'), files.serverFiles);
    const { endpoint } = secured;
    expect(await tried({ endpoint })).toMatchObject({
      outcome: { kind: 'retry', reason: expect.stringMatching(/self-signed|unable to verify/) },
    });
    const { ca } = files.serverFiles;
    expect(await tried({ endpoint, ca })).toMatchObject({
      outcome: { kind: 'retry', reason: expect.stringMatching(/^there is no bucket tried/) },
    });
  });

  describeWith(['export-readers'], 'as a lake reads it', (python) => {
    it('A-34: Parquet is a table for pyarrow and DuckDB, whose folders are columns, and the sums are none of it', async () => {
      await s3.makeBucket('tables');
      const sink = sinkIn(s3.settings('tables'), { entries: 200 }, 'parquet');
      const { delivery, publish, at } = rig({ open: intoBucket(sink) });
      publish(600);
      await at(600);
      await delivery.stop();
      const { scheme, host, region, accessKey, secretKey } = s3.asClientsAreTold();
      const words = [scheme, host, region, accessKey, secretKey, 'tables/mesh'];
      const [pyarrow, duckdb] = readBy(python('export-readers'), 'read-bucket.py', Buffer.alloc(0), ...words);
      const folder = '/log_origin=log.test_sinks/day=2026-11-21';
      expect(pyarrow).toEqual({
        by: 'pyarrow',
        files: ['000-000000000199', '200-000000000399', '400-000000000599'].map(
          (range) => `${folder}/000000000${range}.parquet`,
        ),
        rows: 600,
        of_day: 600,
        of_another: 0,
      });
      expect(duckdb).toEqual({ by: 'duckdb', found: [600, 0, 599, 'log.test_sinks', 'log.test/sinks'] });
    });
  });
});
