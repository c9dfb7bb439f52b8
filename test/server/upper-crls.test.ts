import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testCrl } from '#test/support/crl.ts';
import { TestHome } from '#test/support/home.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPemBlocks } from '#x509/pem.ts';
import { InProcess, quiet } from './in-process.ts';

const revocation = { directory: 'status', listen: '127.0.0.1:0', upperCrls: ['root.crl', 'other.crl'] };

describe('CRLs of the CAs above, in files that others write', () => {
  let home: TestHome;
  let running: InProcess;
  beforeEach(async () => {
    home = new TestHome({ config: { ...quiet, revocation } });
    home.write('root.crl', await testCrl(home.root, { number: 5 }));
    running = await InProcess.start(home);
  });
  afterEach(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  const get = (path: string) => {
    const { host, port } = running.server.revocation ?? {};
    return fetch(`http://${host}:${port}${path}`);
  };
  const keyId = (der: Uint8Array) => Buffer.from(readCertificate(der).subjectKeyId ?? new Uint8Array()).toString('hex');
  const ofRoot = async () => Buffer.from(await (await get(`/crl/${keyId(home.root.certificate)}.crl`)).arrayBuffer());
  const bundle = async () => {
    const answer = await get('/crl/bundle.pem');
    return answer.status === 200 ? await answer.text() : answer.status;
  };
  const der = (pem: string) => Buffer.from(readPemBlocks(pem, ['X509 CRL'], 1)[0]?.der ?? []);
  /** Ours is signed behind the start. */
  const complete = () =>
    vi.waitFor(async () => expect(await bundle()).toEqual(expect.any(String)), { timeout: 20_000 });

  it('are handed out beside ours, and with one of each CA as a bundle by which OpenSSL passes the whole chain', async () => {
    await complete();
    const pem = String(await bundle());
    expect(readPemBlocks(pem, ['X509 CRL'], 9)).toHaveLength(2);
    home.write('bundle.pem', pem);
    const { chain } = await running.ask();
    home.write('leaf.pem', chain[0] ?? '');
    const words = ['verify', '-x509_strict', '-crl_check_all', '-CAfile', home.path('roots.pem')];
    const crls = ['-CRLfile', home.path('bundle.pem'), '-untrusted', home.path('issuers/mesh.pem')];
    const { stdout, stderr } = spawnSync('openssl', [...words, ...crls, home.path('leaf.pem')], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toContain('leaf.pem: OK');
    const { body } = await running.get('/metrics');
    expect(body).toMatch(
      /countersign_certificate_expiry_timestamp_seconds\{[^}]*name="CN=Test root"[^}]*role="crl"|role="crl"[^}]*name="CN=Test root"/,
    );
  });

  it('are followed: a newer one takes over, and what is not right is refused and the old one stays', async () => {
    await complete();
    const now = Math.floor(Date.now() / 1000);
    const stranger = testAuthority({ commonName: 'Test root', kind: 'ec:P-384' });
    const held = await ofRoot();
    for (const wrong of [
      await testCrl(stranger, { number: 9 }),
      await testCrl(testAuthority({ commonName: 'Nobody' }), { number: 9 }),
      await testCrl(home.root, { number: 4 }),
      await testCrl(home.root, { number: 9, thisUpdate: now - 9_000, nextUpdate: now - 60 }),
      await testCrl(home.intermediate, { number: 9 }),
      'no CRL',
      home.root.pem,
    ]) {
      home.write('root.crl', wrong);
      await running.server.reload();
      expect((await ofRoot()).equals(held)).toBe(true);
    }
    const next = await testCrl(home.root, { number: 6 });
    home.write('root.next', next);
    renameSync(home.path('root.next'), home.path('root.crl'));
    await running.server.reload();
    expect((await ofRoot()).equals(der(next))).toBe(true);
    expect(await bundle()).toContain(next);
  });

  it('are no bundle while a CA of a chain has none', async () => {
    await complete();
    const root = testAuthority({ commonName: 'Other root' });
    const mesh = testAuthority({ commonName: 'Other mesh', issuer: root, trustDomain: 'cluster.local' });
    home.write('roots.pem', home.root.pem + root.pem);
    home.write('issuers/mesh.pem', mesh.pem);
    home.write('issuers/mesh.key', mesh.keyPem, 0o600);
    await running.server.reload();
    await running.server.reload();
    await vi.waitFor(async () => expect(await bundle()).toBe(404), { timeout: 20_000 });
    home.write('other.crl', await testCrl(root));
    await running.server.reload();
    // those of the chain of before stay in it: its certificates are still about
    await vi.waitFor(async () => expect(readPemBlocks(String(await bundle()), ['X509 CRL'], 9)).toHaveLength(4), {
      timeout: 20_000,
    });
  });
});
