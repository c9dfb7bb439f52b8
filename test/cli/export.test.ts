import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { answer, type Received, Receiver } from '#test/sinks/receiver.ts';
import { refuse, S3StandIn } from '#test/store/s3-stand-in.ts';
import { TestHome } from '#test/support/home.ts';
import { countersign, parsed } from './run-cli.ts';

describe('countersign export', () => {
  let home: TestHome;
  let receiver: Receiver;
  let s3: S3StandIn;
  const received: Received[] = [];
  beforeAll(async () => {
    receiver = await Receiver.listen((each, response) => {
      received.push(each);
      answer(response, 200, { text: 'Success', code: 0 });
    });
    home = new TestHome({ config: quiet });
    s3 = await S3StandIn.start();
    home.write('token', 'secret-of-splunk', 0o600);
    home.write('s3-access', s3.credentials.accessKey, 0o600);
    home.write('s3-secret', s3.credentials.secretKey, 0o600);
    const keys = { accessKey: { file: 's3-access' }, secretKey: { file: 's3-secret' } };
    mkdirSync(home.path('siem'));
    const splunk = (url: string) => ({ splunk: { url, token: { file: 'token' } } });
    const exports = [
      { name: 'files', to: { file: { directory: 'siem' } } },
      { name: 'nowhere', to: { file: { directory: '/dev/null/siem' } } },
      { name: 'splunk', to: splunk(receiver.url) },
      { name: 'refused', to: splunk('http://127.0.0.1:1') },
      { name: 'lake', to: { s3: { endpoint: s3.endpoint, bucket: 'logs', ...keys } } },
      { name: 'secretless', to: { splunk: { url: receiver.url, token: { env: 'NOT_SET' } } } },
    ];
    home.write('countersign.yaml', stringify({ ...home.config, exports: exports.slice(0, 1) }));
    await using running = await InProcess.start(home);
    await vi.waitUntil(() => existsSync(home.path('audit/exports/files.cursor')), { timeout: 10_000 });
    await running.close();
    home.write('countersign.yaml', stringify({ ...home.config, exports }));
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await s3[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });
  const run = (...words: string[]) => countersign(['export', ...words, '--home', home.directory]);

  it('test sends the newest published record, as the server would', async () => {
    const ran = await run('test', 'splunk', '--json');
    expect(ran.code).toBe(0);
    const { seq } = parsed(ran);
    expect(parsed(ran)).toEqual({ sink: 'splunk', taken: true, seq: expect.any(Number) });
    expect(received).toHaveLength(1);
    expect(received[0]?.headers.authorization).toBe('Splunk secret-of-splunk');
    expect(JSON.parse(received[0]?.body ?? '').event).toMatchObject({ seq });
  });

  it('test of files tries their folder and writes nothing', async () => {
    expect(await run('test', 'files')).toMatchObject({ code: 0, stdout: 'files: can be written to\n' });
  });

  it('test of a bucket puts the record where it is no data, and reads it', async () => {
    const ran = await run('test', 'lake', '--json');
    expect(ran.code).toBe(0);
    const { seq } = parsed(ran);
    const range = `${seq}`.padStart(12, '0');
    const keys = [...s3.objects.keys()];
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^\/logs\/countersign-exports\/_test\/log_origin=log\.test_mesh\/day=/);
    expect(keys[0]).toContain(`/${range}-${range}.jsonl.gz`);
    expect(s3.requests).toContain(`GET ${keys[0]}`);
  });

  it('test of a bucket says what is wrong with it', async () => {
    s3.faults.push({ method: 'PUT', fault: (response) => refuse(response, 403, 'AccessDenied') });
    const ran = await run('test', 'lake');
    expect(ran).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^lake: the access key may not do that in bucket logs/),
    });
  });

  it.each([
    ['refused', 4, /^refused: .*ECONNREFUSED/],
    ['nowhere', 4, /^nowhere: ENOTDIR/],
    ['secretless', 4, /^secretless: environment variable NOT_SET is not set/],
  ])('test says what is wrong with %s', async (sink, code, words) => {
    const ran = await run('test', sink);
    expect(ran).toMatchObject({ code, stdout: expect.stringMatching(words) });
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('secret-of-splunk');
  });

  it('test of a sink that is not there names those that are', async () => {
    const { code, stderr } = await run('test', 'splnk');
    expect(code).toBe(3);
    expect(stderr).toContain('files, nowhere, splunk');
  });

  it('status tells how far each has come', async () => {
    const ran = await run('status', '--json');
    const { published, sinks } = parsed(ran);
    expect(sinks).toEqual([
      { sink: 'files', to: 'file', next: expect.any(Number), behind: expect.any(Number) },
      { sink: 'nowhere', to: 'file', next: 0, behind: published },
      ...['splunk', 'refused', 'lake', 'secretless'].map((sink) => ({
        ...{ sink, to: sink === 'lake' ? 's3' : 'splunk', next: 0, behind: published },
      })),
    ]);
    expect(Object(sinks)[0].next).toBeGreaterThan(0);
    expect((await run('status')).stdout).toMatch(/^sink +to +next +behind\nfiles +file/);
  });
});
