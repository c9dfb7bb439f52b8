import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3Settings } from '#s3/settings.ts';
import { S3Target } from '#store/archive/s3-target.ts';
import { ArchiveConflict } from '#store/archive/target.ts';
import { type Fault, S3StandIn } from './s3-stand-in.ts';

const now = Date.parse('2026-11-22T00:00:00Z');
const path = 'tile/entries/x001/234';
const octets = Buffer.from('what a bundle holds');

describe('an archive in a bucket', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-s3-'));
  const keep = (name: string, secret: string) => writeFileSync(join(home, name), secret, { mode: 0o600 });
  let s3: S3StandIn;
  beforeEach(async () => {
    s3 = await S3StandIn.start();
    keep('access', `${s3.credentials.accessKey}\n`);
    keep('secret', `${s3.credentials.secretKey}\n`);
  });
  afterEach(() => s3[Symbol.asyncDispose]());
  afterAll(() => rmSync(home, { recursive: true }));

  const target = (changed: Partial<S3Settings> = {}, withinMs?: number) =>
    new S3Target(
      {
        endpoint: s3.endpoint,
        bucket: 'logs',
        prefix: 'mesh/',
        region: 'eu-north-1',
        accessKey: { file: join(home, 'access') },
        secretKey: { file: join(home, 'secret') },
        pathStyle: true,
        ...changed,
      },
      () => now,
      withinMs,
    );
  const stored = () => s3.objects.get(`/logs/mesh/${path}`);

  it('puts a file under its path, signed, with its digest, on the condition that nothing is there', async () => {
    await target().put(path, octets);
    expect(stored()?.octets).toEqual(octets);
    expect(stored()?.headers).toMatchObject({ 'if-none-match': '*' });
    expect(stored()?.headers).not.toHaveProperty('x-amz-object-lock-mode');
  });

  it('locks it for as long as is wished', async () => {
    await target({ lock: { mode: 'compliance', days: 400 } }).put(path, octets);
    expect(stored()?.headers).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2027-12-27T00:00:00.000Z',
    });
  });

  it('the same once more changes nothing, and something else is never written over', async () => {
    await target().put(path, octets);
    await target().put(path, octets);
    expect(s3.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
    for (const knows of [true, false]) {
      s3.knowsConditions = knows;
      await expect(target().put(path, Buffer.from('another bundle'))).rejects.toThrow(ArchiveConflict);
    }
    expect(stored()?.octets).toEqual(octets);
  });

  it('another replica that comes between is met with the condition', async () => {
    const [one, two] = [target(), target()];
    const results = await Promise.allSettled([one.put(path, octets), two.put(path, Buffer.from('of another log'))]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(ArchiveConflict) });
  });

  it('of a server without checksums the file is read back', async () => {
    s3.knowsChecksums = false;
    await target().put(path, octets);
    expect(s3.requests.at(-1)).toBe(`GET /logs/mesh/${path}`);
    s3.faults.push({ method: 'PUT', fault: 'rot' });
    await expect(target().put('tile/0/000', octets)).rejects.toThrow(ArchiveConflict);
  });

  it('a key that is changed in its file is used from then on, and a wrong one is told of without showing it', async () => {
    keep('secret', 'wrong-secret-key');
    const one = target();
    const failure = await one.put(path, octets).catch((thrown: unknown) => String(thrown));
    expect(failure).toContain('403');
    expect(failure).not.toContain('wrong-secret-key');
    keep('secret', s3.credentials.secretKey);
    await one.put(path, octets);
    expect(stored()?.octets).toEqual(octets);
  });

  const faults: readonly (readonly [method: string, fault: Fault])[] = ['HEAD', 'PUT'].flatMap((method) =>
    (['refuse', 'drop', 'hang'] as const).map((fault) => [method, fault] as const),
  );
  it.each([...faults, ['PUT', 'answer-lost'] as const])(
    '%s: after "%s" the next attempt has it there',
    async (method, fault) => {
      s3.faults.push({ method, fault });
      const one = target({}, fault === 'hang' ? 50 : undefined);
      await expect(one.put(path, octets)).rejects.toThrow();
      await target().put(path, octets);
      expect(stored()?.octets).toEqual(octets);
    },
  );
});
