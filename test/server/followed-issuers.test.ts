import { hash, X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { TestHome } from '#test/support/home.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { InProcess, quiet } from './in-process.ts';

const soon = { timeout: 40_000, interval: 50 };

describe('the files of an issuer, while the server runs', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome({ config: quiet });
  });
  afterEach(() => home[Symbol.dispose]());

  const successor = (over: Partial<Parameters<typeof testAuthority>[0]> = {}) =>
    testAuthority({ commonName: 'Next mesh CA', issuer: home.root, trustDomain: 'cluster.local', ...over });
  const rotations = ({ records }: InProcess) => records.filter(({ type }) => type === 'issuer.rotated');
  const issuedBy = async (running: InProcess, authority: TestAuthority) => {
    const { code, chain } = await running.ask();
    if (code !== 0) return code;
    expect(chain[1]).toBe(authority.pem);
    return new X509Certificate(chain[0] ?? '').verify(new X509Certificate(authority.pem).publicKey);
  };

  it('a new certificate for the same key takes over, and is on the record', async () => {
    await using running = await InProcess.start(home);
    const renewed = successor({ renews: home.intermediate });
    home.write('issuers/mesh.pem', renewed.pem);
    await running.server.reload();
    expect(await issuedBy(running, renewed)).toBe(true);
    expect(rotations(running)).toMatchObject([
      {
        outcome: 'success',
        actor: { user: 'operator', method: 'file' },
        certificate: {
          issuer: { name: 'mesh', certSha256: hash('sha256', renewed.certificate, 'hex') },
          profile: { id: 'x509-svid-v1' },
        },
      },
    ]);
    expect(await issuedBy(running, renewed)).toBe(true);
  });

  it('so does one for another key, once both files are there; until then the old one goes on', async () => {
    await using running = await InProcess.start(home);
    const next = successor();
    home.write('issuers/mesh.pem', next.pem);
    await running.server.reload();
    expect(await issuedBy(running, home.intermediate)).toBe(true);
    expect(rotations(running)).toEqual([]);
    home.write('issuers/mesh.key', next.keyPem, 0o600);
    await running.server.reload();
    expect(await issuedBy(running, next)).toBe(true);
    expect(rotations(running)).toHaveLength(1);
    const keys = new Set(running.records.flatMap(({ key }) => (key === undefined ? [] : [Object(key).keyId])));
    expect(keys.size).toBeGreaterThan(1);
  });

  it('Istio 99: the swapped link of a mounted Secret is seen without being asked', { timeout: 90_000 }, async () => {
    const volume = home.path('volume');
    const next = successor();
    for (const [version, { pem, keyPem }] of [
      ['..1', home.intermediate],
      ['..2', next],
    ] as const) {
      mkdirSync(join(volume, version), { recursive: true });
      home.write(`volume/${version}/tls.crt`, pem);
      home.write(`volume/${version}/tls.key`, keyPem, 0o600);
    }
    symlinkSync('..1', join(volume, '..data'));
    for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(volume, file));
    const key = { file: { path: 'volume/tls.key' } };
    const issuers = [{ name: 'mesh', certificate: 'volume/tls.crt', roots: 'roots.pem', key }];
    home.write('countersign.yaml', stringify({ ...home.config, issuers }));
    await using running = await InProcess.start(home);
    symlinkSync('..2', join(volume, '..new'));
    renameSync(join(volume, '..new'), join(volume, '..data'));
    await vi.waitUntil(() => rotations(running).length === 1, soon);
    await vi.waitFor(async () => expect(await issuedBy(running, next)).toBe(true), soon);
  });

  it.each([
    ['no PEM at all', () => 'nothing'],
    ['of another key', () => successor().pem],
    ['under a root that nobody trusts', () => successor({ issuer: testAuthority({ commonName: 'Other' }) }).pem],
    ['expired', () => successor({ renews: home.intermediate, notAfter: Math.floor(Date.now() / 1000) - 60 }).pem],
    ['of another trust domain', () => successor({ renews: home.intermediate, trustDomain: 'other.example' }).pem],
  ])('one that is %s is refused, and the old one stays', async (_, text) => {
    await using running = await InProcess.start(home);
    home.write('issuers/mesh.pem', text());
    for (let n = 0; n < 3; n++) await running.server.reload();
    expect(await issuedBy(running, home.intermediate)).toBe(true);
    expect(rotations(running)).toEqual([]);
    home.write('issuers/mesh.pem', home.intermediate.pem);
    await running.server.reload();
    expect(await issuedBy(running, home.intermediate)).toBe(true);
  });

  it('one under a root that comes later is taken when that has come', async () => {
    await using running = await InProcess.start(home);
    const other = testAuthority({ commonName: 'Other root' });
    const next = successor({ issuer: other, renews: home.intermediate });
    home.write('issuers/mesh.pem', next.pem);
    await running.server.reload();
    expect(await issuedBy(running, home.intermediate)).toBe(true);
    home.write('roots.pem', home.root.pem + other.pem);
    await running.server.reload();
    expect(await issuedBy(running, next)).toBe(true);
    const types = running.types.filter((type) => type === 'trustbundle.changed' || type === 'issuer.rotated');
    expect(types).toEqual(['trustbundle.changed', 'issuer.rotated']);
  });

  it('what was not touched is not opened again, whatever else stands in the file', async () => {
    home.write('issuers/mesh.pem', home.root.pem + home.intermediate.pem);
    await using running = await InProcess.start(home);
    for (let n = 0; n < 3; n++) await running.server.reload();
    home.write('issuers/mesh.pem', home.intermediate.pem + home.root.pem);
    await running.server.reload();
    expect(rotations(running)).toEqual([]);
  });
});
