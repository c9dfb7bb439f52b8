import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';

const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };
const name = 'spiffe://cluster.local/ns/demo/sa/web';

describeWith(['openssl'], 'requests that OpenSSL writes', (path) => {
  it.each([
    ['rsa:2048', ['rsa:2048']],
    ['ec:P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ec:P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['ec:P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
    ['ed25519', ['ed25519']],
  ])('%s', async (kind, newKey) => {
    const names = ['-subj', '/O=Demo/CN=web', '-addext', `subjectAltName=critical,URI:${name},DNS:web,IP:::1`];
    const options = ['-addext', 'keyUsage=critical,digitalSignature', '-addext', 'basicConstraints=CA:FALSE'];
    const pem = execFileSync(
      path('openssl'),
      ['req', '-new', '-nodes', '-keyout', '/dev/null', '-newkey', ...newKey, ...names, ...options],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const csr = await VerifiedCsr.read(pem, checks);
    expect(csr.key.kind).toBe(kind);
    expect(csr.sans.map(({ kind: each, value }) => `${each}:${value}`)).toEqual([`uri:${name}`, 'dns:web', 'ip:::1']);
    expect(csr.keyUsage).toEqual(['digitalSignature']);
    expect(csr.subject.commonName).toBe('web');
  });
});

describeWith(['openssl'], 'requests that OpenSSL signs with RSA-PSS', (path) => {
  const salts = { sha256: 32, sha384: 48, sha512: 64 } as const;
  const written = (hash: string, ...options: readonly string[]) =>
    execFileSync(
      path('openssl'),
      [
        ...['req', '-new', '-nodes', '-keyout', '/dev/null', '-newkey', 'rsa:2048', '-subj', '/', `-${hash}`],
        ...['-addext', `subjectAltName=critical,URI:${name}`],
        ...['rsa_padding_mode:pss', ...options].flatMap((option) => ['-sigopt', option]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );

  it.each(Object.keys(salts))('%s and a salt as long as it are taken', async (hash) => {
    const csr = await VerifiedCsr.read(written(hash, 'rsa_pss_saltlen:digest'), checks);
    expect([csr.signature, csr.key.kind]).toEqual([`rsa-pss-${hash}`, 'rsa:2048']);
  });

  const odd: readonly [string, readonly string[]][] = [
    ['the longest salt', ['rsa_pss_saltlen:max']],
    ['a salt of 20', ['rsa_pss_saltlen:20']],
    ['no salt', ['rsa_pss_saltlen:0']],
    ['MGF1 over another hash', ['rsa_pss_saltlen:digest', 'rsa_mgf1_md:sha512']],
  ];
  it.each(odd)('those with %s are refused, although OpenSSL verifies them', async (_, options) => {
    const pem = written('sha256', ...options);
    execFileSync(path('openssl'), ['req', '-verify', '-noout'], { input: pem, stdio: ['pipe', 'ignore', 'ignore'] });
    await expect(VerifiedCsr.read(pem, checks)).rejects.toMatchObject({ code: 'csr.algorithm' });
  });
});

describeWith(['go:csrmake'], 'requests that Go writes, as agents of Istio do', (path) => {
  it('of every key type that Go knows are taken', async () => {
    const pems = execFileSync(path('go:csrmake'), { encoding: 'utf8' }).split(/(?<=END CERTIFICATE REQUEST-----\n)/);
    const read = await Promise.all(pems.map((pem) => VerifiedCsr.read(pem, checks)));
    const kinds = ['rsa:2048', 'ec:P-256', 'ec:P-384', 'ec:P-521', 'ed25519'];
    expect(read.map(({ key }) => key.kind)).toEqual(kinds.flatMap((kind) => [kind, kind, kind]));
    for (const [i, { sans, subject }] of read.entries()) {
      const wanted = [
        { sans: [`uri:${name}`], empty: false },
        { sans: ['dns:web', 'ip:10.0.0.1', 'ip:2001:db8::1', 'email:a@b.example', `uri:${name}`], empty: false },
        { sans: [], empty: true },
      ][i % 3];
      expect({ sans: sans.map(({ kind, value }) => `${kind}:${value}`).toSorted(), empty: subject.empty }).toEqual({
        ...wanted,
        sans: wanted?.sans.toSorted(),
      });
    }
  });
});
