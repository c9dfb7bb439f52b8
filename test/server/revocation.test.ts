import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countersign, parsed, run } from '#test/cli/run-cli.ts';
import { TestHome } from '#test/support/home.ts';
import { p256Request, requestWith, type WorkloadRequest } from '#test/support/requests.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem } from '#x509/pem.ts';
import { InProcess, quiet } from './in-process.ts';

const revocation = {
  documents: ['revocations.yaml'],
  directory: 'status',
  listen: '127.0.0.1:0',
  url: 'http://pki.example',
};

describe('a certificate that is revoked', () => {
  let home: TestHome;
  let running: InProcess;

  beforeEach(async () => {
    home = new TestHome({ config: { ...quiet, revocation } });
    writeRevocations('[]');
    running = await InProcess.start(home);
  });
  afterEach(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  const writeRevocations = (list: string) =>
    home.write('revocations.yaml', `apiVersion: countersign.dev/v1\nkind: Revocations\ncertificates: ${list}\n`);

  const address = () => {
    const { host, port } = running.server.revocation ?? {};
    return `http://${host}:${port}`;
  };
  const keyId = () =>
    Buffer.from(readCertificate(home.intermediate.certificate).subjectKeyId ?? new Uint8Array()).toString('hex');

  async function issue(name: string): Promise<WorkloadRequest> {
    const request = p256Request();
    const { chain } = await running.ask({ csr: request.csr });
    home.write(`${name}.pem`, chain[0] ?? '');
    return request;
  }

  /** Never at a standstill: the server that it asks may be in this process. */
  const openssl = async (...words: string[]) => {
    const { stdout, stderr } = await run('openssl', words);
    return `${stdout}${stderr}`;
  };

  const revoke = async (name: string, ...words: string[]) => {
    const ran = await countersign(['revoke', home.path(`${name}.pem`), '--home', home.directory, '--json', ...words]);
    expect(ran.stderr).toBe('');
    return parsed(ran);
  };

  const ocsp = async (name: string, ...words: string[]) => {
    const where = ['-issuer', home.path('issuers/mesh.pem'), '-cert', home.path(`${name}.pem`)];
    const trust = ['-CAfile', home.path('roots.pem'), '-verify_other', home.path('issuers/mesh.pem')];
    return openssl('ocsp', ...where, '-url', `${address()}/ocsp`, ...trust, ...words);
  };

  async function verified(name: string): Promise<string> {
    const crl = await fetch(`${address()}/crl/${keyId()}.crl`);
    expect(crl.headers.get('content-type')).toBe('application/pkix-crl');
    writeFileSync(home.path('fetched.crl'), Buffer.from(await crl.arrayBuffer()));
    await openssl('crl', '-inform', 'DER', '-in', home.path('fetched.crl'), '-out', home.path('crl.pem'));
    const given = ['-CRLfile', home.path('crl.pem'), '-CAfile', home.path('roots.pem')];
    return openssl(
      'verify',
      '-crl_check',
      ...given,
      '-untrusted',
      home.path('issuers/mesh.pem'),
      home.path(`${name}.pem`),
    );
  }

  it('is on the log, then on the CRL and in OCSP answers, and others are not', async () => {
    await issue('one');
    await issue('other');
    expect(await verified('one')).toContain('one.pem: OK');
    expect(await ocsp('one')).toMatch(/one\.pem: good[\s\S]*Response verify OK/);

    const said = await revoke('one', '--reason', 'superseded', '--requested-by', 'alice', '--ticket', 'INC-7');
    expect(said).toMatchObject({ added: true, reason: 'superseded', issuer: keyId() });
    await running.server.reload();

    const { serialText, notAfter } = readCertificate(
      readPem(readFileSync(home.path('one.pem'), 'utf8'), ['CERTIFICATE']),
    );
    const records = running.records;
    expect(records.filter(({ type }) => type === 'certificate.revoked')).toMatchObject([
      {
        certificate: {
          serial: serialText,
          identity: 'spiffe://cluster.local/ns/demo/sa/web',
          notAfter: new Date(notAfter * 1000).toISOString(),
          issuer: { keyId: keyId() },
        },
        revocation: { reason: 'superseded', requestedBy: 'alice' },
        change: { ticket: 'INC-7' },
        actor: { method: 'file' },
      },
    ]);
    expect(records.map(({ type }) => type).slice(-2)).toEqual(['certificate.revoked', 'crl.published']);
    expect(await verified('one')).toContain('certificate revoked');
    expect(await verified('other')).toContain('other.pem: OK');
    expect(await ocsp('one')).toMatch(/one\.pem: revoked[\s\S]*Reason: superseded/);
    expect(await ocsp('other')).toMatch(/other\.pem: good/);
  });

  it('stays so over a restart, whatever becomes of the document', async () => {
    await issue('one');
    await revoke('one');
    await running.close();
    running = await InProcess.start(home);
    expect(await verified('one')).toContain('certificate revoked');
    await running.close();
    writeRevocations('[]');
    running = await InProcess.start(home);
    expect(await verified('one')).toContain('certificate revoked');
    expect(await ocsp('one')).toContain('one.pem: revoked');
    expect(running.types.filter((type) => type === 'certificate.revoked')).toHaveLength(1);
  });

  it('for a compromised key: that key is never certified again, now or after a restart', async () => {
    const { key } = await issue('one');
    const again = () => running.ask({ csr: requestWith(key, 'ec:P-256').csr });
    expect((await again()).code).toBe(0);
    await revoke('one', '--reason', 'keyCompromise');
    await running.server.reload();
    expect(await again()).toMatchObject({ code: 3, message: expect.stringContaining('revoked as compromised') });
    expect(running.records.at(-1)).toMatchObject({ type: 'certificate.denied', reason: 'key.blocklisted' });
    await running.close();
    running = await InProcess.start(home);
    expect((await again()).code).toBe(3);
  });

  it('by its serial alone: the log knows the rest', async () => {
    await issue('one');
    const { serialText } = readCertificate(readPem(readFileSync(home.path('one.pem'), 'utf8'), ['CERTIFICATE']));
    const ran = await countersign(['revoke', '--serial', serialText, '--home', home.directory]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(serialText) });
    await running.server.reload();
    expect(await verified('one')).toContain('certificate revoked');
    expect(await countersign(['revoke', '--serial', 'abcd', '--home', home.directory])).toMatchObject({ code: 1 });
  });

  it('is not, by a document that cannot be read: nothing changes, and that is a record', async () => {
    await issue('one');
    const before = running.records.length;
    writeRevocations(`[{ serial: "01", issuer: "${keyId()}", requestedBy: bob }, { serial: "02" }]`);
    await running.server.reload();
    expect(running.records.slice(before)).toMatchObject([
      { type: 'config.refused', outcome: 'failed', message: expect.stringMatching(/certificates\[1\]/) },
    ]);
    expect(await verified('one')).toContain('one.pem: OK');
  });

  it('of nobody: what this log never issued is neither good nor revoked', async () => {
    await issue('one');
    const stranger = ['-serial', `0x${'41'.repeat(20)}`];
    const octet = readCertificate(readPem(readFileSync(home.path('one.pem'), 'utf8'), ['CERTIFICATE'])).serial[0];
    const own = ['-serial', `0x${(octet ?? 0).toString(16)}${'00'.repeat(19)}`];
    const ask = (serial: readonly string[]) =>
      openssl('ocsp', '-issuer', home.path('issuers/mesh.pem'), ...serial, '-url', `${address()}/ocsp`);
    expect(await ask(own)).toContain('unauthorized');
    // another replica's: its own log has it
    expect(await ask(stranger)).not.toContain('unauthorized');
  });
});
