import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { S3Settings } from '#s3/settings.ts';
import { S3Target } from '#store/archive/s3-target.ts';
import { ArchiveConflict } from '#store/archive/target.ts';
import { describeWith } from '#test/oracles.ts';
import { makeTlsFiles } from '#test/sinks/tls-files.ts';
import { S3Gateway } from '#test/support/s3/gateway.ts';

const bucket = 'logs';
const path = 'tile/entries/x001/234';
const octets = Buffer.from('what a bundle holds');

describeWith(['set:s3'], 'an archive in a bucket of a real S3 server', (judge) => {
  let s3: S3Gateway;
  beforeAll(async () => {
    s3 = await S3Gateway.start(judge('set:s3'));
    await s3.makeBucket(bucket);
  });
  afterAll(() => s3[Symbol.asyncDispose]());
  const target = (changed: Partial<S3Settings> = {}) => new S3Target({ ...s3.settings(bucket), ...changed }, Date.now);
  const versionsOf = async (key: string) => (await s3.versions(bucket)).filter((each) => each.key === key);

  it('puts a file once, whoever asks how often, and never another in its place', async () => {
    await target().put(path, octets);
    await target().put(path, octets);
    await expect(target().put(path, Buffer.from('another bundle'))).rejects.toThrow(ArchiveConflict);
    expect(await s3.read(bucket, `mesh/${path}`)).toEqual(octets);
    expect(await versionsOf(`mesh/${path}`)).toHaveLength(1);
  });

  it('of two replicas at once one puts it, and another log finds that out', async () => {
    const same = await Promise.allSettled([target().put('vkeys/1', octets), target().put('vkeys/1', octets)]);
    expect(same.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const others = [octets, Buffer.from('of another log')].map((each) => target().put('vkeys/2', each));
    const results = await Promise.allSettled(others);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    for (const key of ['mesh/vkeys/1', 'mesh/vkeys/2']) expect(await versionsOf(key)).toHaveLength(1);
  });

  it('the server itself checks the digest that comes with it, and keeps it', async () => {
    await target().put('checkpoints/1', octets);
    const headers = { 'x-amz-checksum-mode': 'ENABLED' };
    const kept = await s3.ask('HEAD', `${bucket}/mesh/checkpoints/1`, { headers });
    expect(kept.headers.get('x-amz-checksum-sha256')).toBe(hash('sha256', octets, 'base64'));
  });

  it('what is locked cannot be deleted, by the owner of the bucket either', async () => {
    await target({ lock: { mode: 'compliance', days: 1 } }).put('tile/0/000', octets);
    const [version] = await versionsOf('mesh/tile/0/000');
    const deleted = await s3.ask('DELETE', `${bucket}/mesh/tile/0/000?versionId=${version?.versionId}`);
    expect(deleted.status).toBe(403);
    expect(await s3.read(bucket, 'mesh/tile/0/000')).toEqual(octets);
  });

  it.each([
    ['another bucket', { bucket: 'lost' }],
    ['another region', { region: 'eu-west-3' }],
    ['another secret', { secretKey: { env: 'PATH' } }],
    ['another key', { accessKey: { env: 'NODE_ENV' } }],
  ])('%s: nothing is put', async (_, changed) => {
    await expect(target(changed).put('tile/1/000', octets)).rejects.toThrow(
      /(HEAD|PUT) of tile\/1\/000 is answered with 40[034]/,
    );
    expect(await versionsOf('mesh/tile/1/000')).toEqual([]);
  });

  it('by TLS, whose certificate is of a CA of its own: to nobody else', async () => {
    using files = makeTlsFiles();
    await using secured = await S3Gateway.start(judge('set:s3'), files.serverFiles);
    const { ca } = files.serverFiles;
    const to = (more: Partial<S3Settings>) => new S3Target({ ...secured.settings(bucket), ...more }, Date.now);
    await expect(to({}).put(path, octets)).rejects.toThrow(/self-signed|unable to verify/);
    await expect(to({ ca }).put(path, octets)).rejects.toThrow(/404 NoSuchBucket$/);
  });
});
