import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { S3Settings } from '#s3/settings.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { type Fault, refuse, S3StandIn } from '#test/store/s3-stand-in.ts';
import { intoBucket, isSum, seqsIn, sinkIn } from './bucket.ts';
import { batchOf, EndlessLog, KeptCursor, type RigParts, rig } from './rig.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const folder = '/logs/mesh/log_origin=log.test_sinks/day=2026-11-21';

describe('objects in a bucket', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-s3-sink-'));
  let s3: S3StandIn;
  const keep = (name: string, secret: string) => writeFileSync(join(home, name), secret, { mode: 0o600 });
  beforeEach(async () => {
    s3 = await S3StandIn.start();
    keep('access', s3.credentials.accessKey);
    keep('secret', s3.credentials.secretKey);
  });
  afterEach(() => s3[Symbol.asyncDispose]());
  afterAll(() => rmSync(home, { recursive: true }));

  const secret = (name: string) => ({ file: join(home, name) });
  const bucket = (more: Partial<S3Settings> = {}): S3Settings => ({
    ...{ endpoint: s3.endpoint, bucket: 'logs', prefix: 'mesh/', region: 'eu-north-1', pathStyle: true },
    accessKey: secret('access'),
    secretKey: secret('secret'),
    ...more,
  });
  const run = (sink: ReturnType<typeof sinkIn>, cursor = new KeptCursor(), parts: RigParts = {}) =>
    rig({ open: intoBucket(sink), ...parts }, cursor);
  const data = () => [...s3.objects].filter(([key]) => !isSum(key)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = () => data().map(([key]) => key);
  const octetsOf = (objects = data()) => objects.map(([, { octets }]) => octets);

  it('A-30: hold a whole range of the log each, in folders of one day, with their SHA-256 beside them', async () => {
    const { delivery, publish, at } = run(sinkIn(bucket()));
    publish(250);
    await at(200);
    await delivery.stop();
    expect(names()).toEqual([
      `${folder}/000000000000-000000000099.jsonl.gz`,
      `${folder}/000000000100-000000000199.jsonl.gz`,
    ]);
    expect(seqsIn(octetsOf())).toEqual(numbers(0, 200));
    const [[key = '', object] = []] = data();
    const name = key.slice(folder.length + 1);
    const sum = s3.objects.get(`${folder}/_${name}.sha256`)?.octets.toString();
    expect(sum).toBe(`${hash('sha256', object?.octets ?? '')}  ${name}\n`);
    expect(object?.headers).toMatchObject({
      'x-amz-checksum-sha256': hash('sha256', object?.octets ?? '', 'base64'),
      'if-none-match': '*',
      'content-type': 'application/gzip',
    });
  });

  it('are written before they are full when the oldest record has waited, and not one of nothing', async () => {
    const { delivery, cursor, pace, news, publish, at } = run(sinkIn(bucket(), { flushMs: 60_000 }));
    pace.epoch = Date.parse('2026-11-21T14:59:00Z');
    publish(30);
    await pace.pass(1_000);
    delivery.look();
    expect(news.at(-1)).toMatchObject({ kind: 'standing', next: 0, lagMs: expect.any(Number) });
    expect(cursor.place.next).toBe(0);
    pace.advance(60_000);
    await at(30);
    pace.advance(600_000);
    delivery.look();
    await delivery.stop();
    expect(names()).toEqual([`${folder}/000000000000-000000000029.jsonl.gz`]);
    expect(news.at(-1)).toMatchObject({ kind: 'standing', next: 30, delivered: 30, lagMs: 0 });
  });

  it('wait no longer than that where the clock was set back', async () => {
    const { delivery, pace, publish, at } = run(sinkIn(bucket(), { flushMs: 60_000 }));
    pace.epoch = Date.parse('2026-11-01T00:00:00Z');
    publish(3);
    await pace.pass(1_000);
    pace.advance(60_000);
    await at(3);
    await delivery.stop();
    expect(seqsIn(octetsOf())).toEqual([0, 1, 2]);
  });

  it('end with the day; a record of a clock that is behind does not begin another', async () => {
    const times = ['21T23:59:58', '21T23:59:59', '22T00:00:00', '21T23:59:59', '22T00:00:01'];
    const source = new EndlessLog();
    source.entries = (from, to) =>
      numbers(from, to).map((seq) => completeEntry(encodeEvent(issuedEvent(seq)), seq, `2026-11-${times[seq]}.000Z`));
    const cursor = new KeptCursor();
    const { delivery, publish, at } = run(sinkIn(bucket(), { flushMs: 0 }), cursor, {
      open: (_, pace) => intoBucket(sinkIn(bucket(), { flushMs: 0 }))(source, pace),
    });
    publish(5);
    await at(5);
    await delivery.stop();
    expect(names().map((key) => key.slice(-50))).toEqual([
      '/day=2026-11-21/000000000000-000000000001.jsonl.gz',
      '/day=2026-11-22/000000000002-000000000004.jsonl.gz',
    ]);
  });

  it.each(['csv', 'ecs', 'ocsf', 'cef', 'otlp', 'otlp-proto'] as const)('%s: have what a file has', async (format) => {
    const { delivery, publish, at } = run(sinkIn(bucket(), {}, format));
    publish(100);
    await at(100);
    await delivery.stop();
    expect(names()).toEqual([`${folder}/000000000000-000000000099.${format}.gz`]);
    const rows = batchOf(0, 100, format).rows.map(({ octets }) => octets);
    const [octets = Buffer.alloc(0)] = octetsOf();
    expect(gunzipSync(octets)).toEqual(Buffer.concat([rowFormats[format].head, ...rows]));
  });

  it('are locked as long as is wished, they and their sums', async () => {
    const lock = { mode: 'compliance', days: 400 } as const;
    const { delivery, publish, at } = run(sinkIn(bucket({ lock })));
    publish(100);
    await at(100);
    await delivery.stop();
    expect([...s3.objects.values()].map(({ headers }) => headers['x-amz-object-lock-mode'])).toEqual([
      'COMPLIANCE',
      'COMPLIANCE',
    ]);
  });

  it('keys are read again for each, with the token of those that are lent', async () => {
    s3.sessionToken = 'lent for an hour';
    keep('token', 'of yesterday');
    const { delivery, cursor, pace, news, publish, at } = run(sinkIn(bucket({ sessionToken: secret('token') })));
    publish(100);
    await pace.pass(1_000);
    delivery.look();
    expect(news.at(-1)).toMatchObject({
      problem: expect.stringMatching(/^the session token is not valid.*InvalidToken/),
    });
    expect(cursor.place.next).toBe(0);
    keep('token', 'lent for an hour');
    pace.advance(4_000);
    await at(100);
    await delivery.stop();
  });

  it('what the bucket says of our keys, in whatever place, is told without them', async () => {
    keep('token', 'lent-for-an-hour-to-us');
    const said = '<Message>AKIDEXAMPLE and lent-for-an-hour-to-us are wrong</Message>';
    const fault: Fault = (r) => refuse(r, 403, `Wrong-${s3.credentials.secretKey}`, {}, said);
    s3.faults.push({ method: 'PUT', fault });
    const { delivery, pace, news, publish } = run(sinkIn(bucket({ sessionToken: secret('token') })));
    publish(100);
    await until(() => pace.waits.includes(1_000));
    delivery.look();
    await delivery.stop();
    const problem = expect.stringMatching(/403 Wrong-\[secret\]: \[secret\] and \[secret\] are wrong$/);
    expect(news.findLast(({ kind }) => kind === 'standing')).toMatchObject({ problem });
  });

  const hour = 3_600_000;
  const refusals: readonly (readonly [string, Fault, RegExp, number])[] = [
    [
      'a lost bucket',
      (r) => refuse(r, 404, 'NoSuchBucket'),
      /^there is no bucket logs \(PUT of .* 404 NoSuchBucket\)/,
      1_000,
    ],
    ['no right', (r) => refuse(r, 403, 'AccessDenied'), /^the access key may not do that in bucket logs/, 1_000],
    ['an unknown key', (r) => refuse(r, 403, 'InvalidAccessKeyId'), /^the access key is not known there/, 1_000],
    [
      'another region',
      (r) => refuse(r, 301, 'PermanentRedirect', { 'x-amz-bucket-region': 'us-west-2' }),
      /^bucket logs is in region us-west-2, not eu-north-1/,
      1_000,
    ],
    [
      'another region, told in words',
      (r) => refuse(r, 400, 'AuthorizationHeaderMalformed', {}, '<Region>us-west-2</Region>'),
      /^bucket logs is in region us-west-2, not eu-north-1/,
      1_000,
    ],
    [
      'a clock that is wrong',
      (r) => refuse(r, 403, 'RequestTimeTooSkewed', { date: 'Sat, 21 Nov 2026 03:00:00 GMT' }),
      /^the clocks differ: there it is Sat, 21 Nov 2026 03:00:00 GMT, here /,
      1_000,
    ],
    [
      'what nobody has heard of',
      (r) => refuse(r, 418, 'Teapot', {}, '<Message>short and stout</Message>'),
      /^PUT of .* is answered with 418 Teapot: short and stout$/,
      1_000,
    ],
    ['SlowDown', (r) => refuse(r, 503, 'SlowDown', { 'retry-after': '600' }), /503 SlowDown/, 600_000],
    ['a day of it', (r) => refuse(r, 429, 'TooManyRequests', { 'retry-after': '86400' }), /429/, hour],
  ];
  it.each(refusals)('%s is told, and waited for', async (_, fault, words, waitMs) => {
    s3.faults.push({ method: 'PUT', fault });
    const { delivery, cursor, dead, pace, news, publish, at } = run(sinkIn(bucket()));
    publish(100);
    await until(() => pace.waits.includes(waitMs));
    delivery.look();
    expect(news.at(-1)).toMatchObject({ kind: 'standing', problem: expect.stringMatching(words) });
    expect([cursor.place.next, s3.objects.size]).toEqual([0, 0]);
    pace.advance(waitMs);
    await at(100);
    await delivery.stop();
    expect(dead).toEqual([]);
  });

  it('A-28: a bucket that resets, refuses, forgets and lies ends up with every record once, in objects that never change', async () => {
    const before = new Map<string, Buffer>();
    let again = 0;
    s3.onPut = (key, octets) => {
      const known = before.get(key);
      if (known !== undefined) again++;
      expect(known ?? octets).toEqual(octets);
      before.set(key, octets);
    };
    // It knows no conditions: what is put once more is written once more.
    s3.knowsConditions = false;
    const faults = ['answer-lost', 'refuse', 'drop', 'answer-lost', 'answer-lost'] as const;
    for (let n = 0; n < 40; n++) s3.faults.push({ method: 'PUT', fault: faults[n % faults.length] ?? 'drop' });
    const { delivery, cursor, pace, dead, publish } = run(sinkIn(bucket()));
    publish(3_000);
    while (cursor.place.next < 3_000) {
      await new Promise((resolve) => setImmediate(resolve));
      pace.advance(60_000);
    }
    await delivery.stop();
    expect(seqsIn(octetsOf())).toEqual(numbers(0, 3_000));
    expect(again).toBeGreaterThan(0);
    expect(dead).toEqual([]);
  });

  it('A-28: one that was put and not acknowledged is the same once more, though the log has grown meanwhile', async () => {
    const cursor = new KeptCursor();
    const first = run(sinkIn(bucket(), { flushMs: 1_000 }), cursor);
    s3.faults.push({ method: 'PUT', fault: 'answer-lost' });
    first.publish(40);
    await until(() => first.pace.waits.includes(1_000) && s3.objects.size === 1);
    await first.delivery.stop();
    expect(cursor.place).toMatchObject({ next: 0, memo: '{"from":0,"to":40,"covered":40}' });
    const [put] = octetsOf();
    const second = run(sinkIn(bucket(), { flushMs: 1_000 }), cursor);
    second.publish(140);
    await second.at(140);
    await second.delivery.stop();
    expect(s3.requests.filter((each) => each.startsWith('GET'))).toEqual([
      `GET ${folder}/000000000000-000000000039.jsonl.gz`,
    ]);
    expect(octetsOf()[0]).toEqual(put);
    expect(seqsIn(octetsOf())).toEqual(numbers(0, 140));
  });

  it('what stands there in other octets stays, and ours come under a name with their digest', async () => {
    const key = `${folder}/000000000000-000000000099.jsonl.gz`;
    s3.objects.set(key, { octets: Buffer.from('of another version'), headers: {} });
    const { delivery, publish, at } = run(sinkIn(bucket()));
    publish(100);
    await at(100);
    await delivery.stop();
    expect(s3.objects.get(key)?.octets.toString()).toBe('of another version');
    const [other = ''] = names().filter((each) => each !== key);
    const { octets = Buffer.alloc(0) } = s3.objects.get(other) ?? {};
    expect(other).toBe(`${folder}/000000000000-000000000099.${hash('sha256', octets).slice(0, 16)}.jsonl.gz`);
    expect(seqsIn([octets])).toEqual(numbers(0, 100));
  });

  it('A-29: a month of backlog is read in steps of bounded memory, one object at a time', async () => {
    const { delivery, log, publish, at } = run(sinkIn(bucket(), { entries: 5_000 }));
    publish(20_000);
    await at(20_000);
    await delivery.stop();
    expect(log.most).toBe(256);
    expect(names()).toHaveLength(4);
  });

  it('what the log itself has dropped is told, and the rest is there', async () => {
    const { delivery, log, news, publish, at } = run(sinkIn(bucket()));
    for (const seq of numbers(0, 300)) if (seq !== 7 && seq < 260) log.dropped.add(seq);
    publish(300);
    await at(300);
    delivery.look();
    await delivery.stop();
    expect(seqsIn(octetsOf())).toEqual([7, ...numbers(260, 300)]);
    expect(news.findLast(({ kind }) => kind === 'refused')).toMatchObject({ from: 0, to: 260, count: 259 });
  });

  it('ends when it is called off while nothing is answered, or an object is being made', async () => {
    s3.faults.push({ method: 'PUT', fault: 'hang' });
    const { delivery, publish } = run(sinkIn(bucket()));
    publish(100);
    await until(() => s3.requests.length === 1);
    await delivery.stop();
    const source = new EndlessLog();
    const asked = Promise.withResolvers<void>();
    const entries = source.entries.bind(source);
    source.entries = (from, to) => {
      asked.resolve();
      return entries(from, to);
    };
    const endless = rig({ open: (_, pace) => intoBucket(sinkIn(bucket(), { entries: 1_000_000 }))(source, pace) });
    endless.publish(1_000_000);
    await asked.promise;
    await endless.delivery.stop();
    expect(s3.objects.size).toBe(0);
  });
});
