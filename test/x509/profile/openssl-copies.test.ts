import { execFileSync } from 'node:child_process';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { type Uses, usual } from '#test/x509/csr/named-requests.ts';
import { now } from '#test/x509/mesh.ts';
import { copyOf } from './copies.ts';

/** OpenSSL's words for a request: sections `dn` and `san` come from the test. */
const config = (dn: readonly string[], san: readonly string[], extensions: readonly string[], mask: string) => `
[req]
prompt = no
utf8 = yes
string_mask = ${mask}
distinguished_name = dn
req_extensions = extensions
[dn]
${dn.join('\n')}
[extensions]
${[...extensions, ...(san.length === 0 ? [] : ['subjectAltName = @san'])].join('\n')}
[san]
${san.join('\n')}
`;

const literal = [
  '1.DC=example',
  '2.DC=shop',
  'C=DE',
  'O=Shöp',
  '1.OU=one',
  '2.OU=two',
  '3.OU=three',
  '4.OU=four',
  'CN=*.shop.example',
  '+serialNumber=12',
];
const everyName = [
  'DNS.1=*.shop.example',
  'DNS.2=xn--bcher-kva.example',
  `DNS.3=${'a'.repeat(63)}.shop.example`,
  'IP.1=2001:db8::1',
  'IP.2=10.0.0.1',
  'email.1=till@shop.example',
  'URI.1=https://shop.example/till?x=1',
  'otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:till@shöp.example',
];
const hundred = Array.from({ length: 100 }, (_, at) => `DNS.${at}=host-${at}.shop.example`);
const ofLeaf = [
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth,clientAuth',
  'basicConstraints=CA:FALSE',
];
const ofCa = ['keyUsage=critical,keyCertSign,cRLSign', 'basicConstraints=critical,CA:TRUE,pathlen:0'];
const signing: Uses = { keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [], pathLength: 0 };

const keys: readonly (readonly [kind: string, options: readonly string[]])[] = [
  ...[2048, 3072, 4096].map((size) => [`rsa:${size}`, [`rsa:${size}`]] as const),
  ...['P-256', 'P-384', 'P-521'].map(
    (curve) => [`ec:${curve}`, ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]] as const,
  ),
  ['ed25519', ['ed25519']],
];
const p256 = keys.find(([kind]) => kind === 'ec:P-256')?.[1] ?? [];

describeWith(['openssl'], 'requests that OpenSSL writes, and the certificates with their names', (path) => {
  const folder = mkdtempSync(join(tmpdir(), 'openssl-copies-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const openssl = (args: readonly string[], input?: Uint8Array) =>
    execFileSync(path('openssl'), args, { stdio: ['pipe', 'pipe', 'ignore'], ...(input && { input }) });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const request = (newKey: readonly string[], text: string) =>
    openssl([
      'req',
      '-new',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-newkey',
      ...newKey,
      '-config',
      file('config', text),
      '-outform',
      'DER',
    ]);

  /** Subject and names as OpenSSL reads them, the encoding of the subject included. */
  const told = (command: 'req' | 'x509', der: Uint8Array) => {
    const shown = openssl(
      [command, '-inform', 'der', '-noout', '-subject', '-nameopt', 'RFC2253,show_type,dump_der,dump_all'],
      der,
    );
    const text = openssl([command, '-inform', 'der', '-noout', '-text', '-nameopt', 'utf8'], der).toString();
    const [, names] = /Subject Alternative Name:.*\n +(.*)\n/.exec(text) ?? [];
    return { subject: shown.toString(), names };
  };

  async function judged(newKey: readonly string[], text: string, uses: Uses = usual) {
    const der = request(newKey, text);
    const copy = await copyOf({ name: text, uses, der });
    const pem = (name: string, ders: readonly Uint8Array[]) =>
      file(name, ders.map((each) => new NodeCertificate(each).toString()).join(''));
    const trust = [
      '-CAfile',
      pem('root', [copy.root]),
      ...(copy.above.length === 0 ? [] : ['-untrusted', pem('above', copy.above)]),
    ];
    const verdict = openssl([
      'verify',
      '-x509_strict',
      '-attime',
      String(now),
      ...trust,
      pem('leaf', [copy.certificate]),
    ]);
    expect(verdict.toString()).toMatch(/: OK\n$/);
    const [asked, given] = [told('req', der), told('x509', copy.certificate)];
    expect(given).toEqual(asked);
    return { ...asked, kind: copy.csr.key.kind, sans: copy.csr.sans.length };
  }

  it.each(keys)('K-15, K-22, K-24, K-25: on %s keep a literal subject and every kind of name', async (kind, newKey) => {
    const found = await judged(newKey, config(literal, everyName, ofLeaf, 'utf8only'));
    expect(found).toMatchObject({ kind, sans: everyName.length });
    expect(found.names).toMatch(/othername/i);
  });

  it.each(['utf8only', 'nombstr', 'pkix', 'MASK:4096'])(
    'K-25: with strings by the mask %s keep their types',
    async (mask) => {
      const { subject } = await judged(
        p256,
        config([...literal.slice(0, 3), 'O=Shop', '1.OU=one', '2.OU=two'], everyName, ofLeaf, mask),
      );
      expect(subject).toContain('PRINTABLESTRING:');
    },
  );

  it('keep a hundred names', async () => {
    expect(await judged(p256, config(['CN=web'], hundred, ofLeaf, 'utf8only'))).toMatchObject({ sans: 100 });
  });

  it('K-16: with a common name alone get no other name', async () => {
    expect(await judged(p256, config(['CN=till'], [], ofLeaf, 'utf8only'))).toMatchObject({
      names: undefined,
      sans: 0,
    });
  });

  it('K-22: for a CA are CAs, on RSA and on every curve', async () => {
    for (const [kind, newKey] of keys.filter(([each]) => /2048|P-/.test(each))) {
      const found = await judged(newKey, config(literal, ['URI.1=spiffe://cluster.local'], ofCa, 'utf8only'), signing);
      expect(found).toMatchObject({ kind, names: 'URI:spiffe://cluster.local' });
    }
  });
});
