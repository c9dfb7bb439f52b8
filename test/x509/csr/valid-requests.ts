import { tag } from '#x509/der/tags.ts';
import { bitString, integer, octetString, sequence, text } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import {
  attribute,
  basicConstraints,
  buildCsr,
  challengePassword,
  commonName,
  dns,
  ecKey,
  ed25519Key,
  email,
  extendedKeyUsage,
  extension,
  extensionRequest,
  id,
  ip,
  istioSubject,
  keyUsage,
  mlDsaKey,
  name,
  rdn,
  rsaKey,
  san,
  uri,
} from './build.ts';

/** What a request must be read as; a fact that is left out is not compared. */
export interface Facts {
  readonly key?: string;
  readonly signature?: string;
  readonly sans?: readonly string[];
  readonly commonName?: string;
  readonly emptySubject?: boolean;
  readonly keyUsage?: readonly string[];
  readonly extendedKeyUsage?: readonly string[];
  readonly extensions?: readonly string[];
  readonly challengePassword?: boolean;
  readonly unknownAttributes?: readonly string[];
}

export interface Valid {
  readonly name: string;
  readonly facts: Facts;
  readonly input: Uint8Array | string;
}

const subjectAltName = '2.5.29.17';
const plain = (value: string) => sequence(rdn(name('2.5.4.10', text(tag.utf8String, value))));

export function validRequests(): readonly Valid[] {
  return [...keyTypes(), ...subjects(), ...attributes(), ...extensions(), ...names(), ...pemForms()];
}

function keyTypes(): readonly Valid[] {
  const of = (what: string, key: string, signature: string, parts: Parameters<typeof buildCsr>[0]): Valid => ({
    name: what,
    facts: { key, signature, sans: [`uri:${id}`] },
    input: buildCsr(parts),
  });
  return [
    of('Istio 63: RSA-2048', 'rsa:2048', 'rsa-sha256', { key: rsaKey(2048), subject: istioSubject() }),
    of('Istio 63: RSA-3072', 'rsa:3072', 'rsa-sha256', { key: rsaKey(3072), subject: istioSubject() }),
    of('Istio 63: RSA-4096', 'rsa:4096', 'rsa-sha256', { key: rsaKey(4096), subject: istioSubject() }),
    of('RSA-2048 with SHA-512', 'rsa:2048', 'rsa-sha512', { key: { ...rsaKey(2048), algorithm: 'rsa-sha512' } }),
    ...(['rsa-pss-sha256', 'rsa-pss-sha384', 'rsa-pss-sha512'] as const).map((algorithm) =>
      of(`RSA-3072 with ${algorithm}`, 'rsa:3072', algorithm, { key: { ...rsaKey(3072), algorithm } }),
    ),
    of('Istio 63: P-256', 'ec:P-256', 'ecdsa-sha256', {}),
    of('Istio 63: P-384', 'ec:P-384', 'ecdsa-sha384', { key: ecKey('P-384', 'ecdsa-sha384') }),
    of('P-384 with SHA-256, as openssl req does it', 'ec:P-384', 'ecdsa-sha256', { key: ecKey('P-384') }),
    of('P-521', 'ec:P-521', 'ecdsa-sha512', { key: ecKey('P-521', 'ecdsa-sha512') }),
    of('Ed25519', 'ed25519', 'ed25519', { key: ed25519Key() }),
    of('ML-DSA-44', 'ml-dsa-44', 'ml-dsa-44', { key: mlDsaKey('ml-dsa-44') }),
    of('ML-DSA-65', 'ml-dsa-65', 'ml-dsa-65', { key: mlDsaKey('ml-dsa-65') }),
    of('ML-DSA-87', 'ml-dsa-87', 'ml-dsa-87', { key: mlDsaKey('ml-dsa-87') }),
  ];
}

function subjects(): readonly Valid[] {
  const of = (what: string, facts: Facts, subject: Uint8Array): Valid => ({
    name: what,
    facts,
    input: buildCsr({ subject }),
  });
  return [
    of('Istio 61: one organizationName of zero length', { emptySubject: false }, istioSubject()),
    of('Istio 62: an empty subject', { emptySubject: true }, sequence()),
    of('a common name of 64 characters', { commonName: 'a'.repeat(64) }, commonName('a'.repeat(64))),
    of('a common name of 64 characters beyond the BMP', { commonName: '😀'.repeat(64) }, commonName('😀'.repeat(64))),
    of('an empty common name', { commonName: '' }, commonName('')),
    of('a subject in UTF-8', { emptySubject: false }, plain('Zürich')),
    of('a BMPString', { emptySubject: false }, sequence(rdn(name('2.5.4.10', text(tag.bmpString, '\0A'))))),
    of(
      'an x500UniqueIdentifier, which is a BIT STRING',
      { emptySubject: false },
      sequence(rdn(name('2.5.4.45', bitString(Uint8Array.of(1))))),
    ),
    of(
      'an RDN of two attributes',
      { commonName: 'web' },
      sequence(rdn(name('2.5.4.3', text(tag.utf8String, 'web')), name('2.5.4.11', text(tag.utf8String, 'x')))),
    ),
  ];
}

function attributes(): readonly Valid[] {
  const of = (what: string, facts: Facts, list: readonly Uint8Array[]): Valid => ({
    name: what,
    facts,
    input: buildCsr({ attributes: list }),
  });
  return [
    of('no attribute', { sans: [], extensions: [], challengePassword: false, unknownAttributes: [] }, []),
    of('a challengePassword', { challengePassword: true, sans: [] }, [challengePassword()]),
    of('a challengePassword beside an extensionRequest', { challengePassword: true, sans: [`uri:${id}`] }, [
      challengePassword(),
      extensionRequest([san(uri(id))]),
    ]),
    of('an unknown attribute', { unknownAttributes: ['1.3.6.1.4.1.99999.1'] }, [
      attribute('1.3.6.1.4.1.99999.1', integer(1)),
    ]),
    of(
      "Microsoft's extensions alone are an unknown attribute",
      { sans: [], unknownAttributes: ['1.3.6.1.4.1.311.2.1.14'] },
      [attribute('1.3.6.1.4.1.311.2.1.14', sequence(san(uri(id))))],
    ),
  ];
}

function extensions(): readonly Valid[] {
  const of = (what: string, facts: Facts, list: readonly Uint8Array[]): Valid => ({
    name: what,
    facts,
    input: buildCsr({ extensions: list }),
  });
  const ids = san(uri(id));
  const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
  return [
    of('digitalSignature', { keyUsage: ['digitalSignature'] }, [ids, keyUsage(1)]),
    of('digitalSignature and keyEncipherment', { keyUsage: ['digitalSignature', 'keyEncipherment'] }, [
      ids,
      keyUsage(5),
    ]),
    of('decipherOnly, the ninth bit', { keyUsage: ['keyAgreement', 'decipherOnly'] }, [
      ids,
      keyUsage((1 << 4) | (1 << 8)),
    ]),
    of('serverAuth and clientAuth', { extendedKeyUsage: purposes }, [ids, extendedKeyUsage(...purposes)]),
    of('"not a CA"', { extensions: [subjectAltName, '2.5.29.19'] }, [ids, basicConstraints()]),
    of('an unlisted extension, not critical', { extensions: [subjectAltName, '1.3.6.1.4.1.99999.1'] }, [
      ids,
      extension('1.3.6.1.4.1.99999.1', integer(1)),
    ]),
    of('a subjectKeyIdentifier', { extensions: ['2.5.29.14'] }, [
      extension('2.5.29.14', octetString(new Uint8Array(20))),
    ]),
    of('a subjectAltName that is not critical', { sans: [`uri:${id}`] }, [
      extension(subjectAltName, sequence(uri(id))),
    ]),
  ];
}

function names(): readonly Valid[] {
  const of = (what: string, sans: readonly string[], ...list: readonly Uint8Array[]): Valid => ({
    name: what,
    facts: { sans },
    input: buildCsr({ extensions: [san(...list)] }),
  });
  const long = `spiffe://td/${'a'.repeat(2036)}`;
  const label = 'a'.repeat(63);
  const longName = `${label}.${label}.${label}.${'a'.repeat(61)}`;
  return [
    of('two URIs', ['uri:spiffe://td/a', 'uri:spiffe://td/b'], uri('spiffe://td/a'), uri('spiffe://td/b')),
    of('a URI of 2048 bytes', [`uri:${long}`], uri(long)),
    of('a DNS name', ['dns:web.demo.svc'], dns('web.demo.svc')),
    of('a wildcard', ['dns:*.demo.svc'], dns('*.demo.svc')),
    of('a DNS name of 253 characters', [`dns:${longName}`], dns(longName)),
    of('an IPv4 address', ['ip:10.1.2.3'], ip(10, 1, 2, 3)),
    of('an IPv6 address', ['ip:2001:db8::1'], ip(0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1)),
    of('an IPv6 address of zeros', ['ip:::'], ip(...new Array<number>(16).fill(0))),
    of('a mailbox', ['email:ops@example.org'], email('ops@example.org')),
    of(
      'all four kinds',
      [`uri:${id}`, 'dns:a', 'ip:1.2.3.4', 'email:a@b'],
      uri(id),
      dns('a'),
      ip(1, 2, 3, 4),
      email('a@b'),
    ),
  ];
}

function pemForms(): readonly Valid[] {
  const pem = toPem('CERTIFICATE REQUEST', buildCsr());
  const of = (what: string, input: string): Valid => ({ name: what, facts: { sans: [`uri:${id}`] }, input });
  let line = 0;
  const base64 = pem.split('\n').slice(1, -2).join('');
  return [
    of('P-35: CRLF', pem.replaceAll('\n', '\r\n')),
    of(
      'P-35: LF and CRLF mixed',
      pem.replace(/\n/g, () => (line++ % 2 ? '\r\n' : '\n')),
    ),
    of('P-35: no final newline', pem.trimEnd()),
    of('whitespace around', `\n \t\r\n${pem}\n\n  `),
    of('lines of 76', pem.replace(/-\n[^-]+-/, `-\n${base64.replace(/.{76}/g, '$&\n').trim()}\n-`)),
    of('lines of one character', pem.replace(/-\n[^-]+-/, `-\n${base64.replace(/./g, '$&\n')}-`)),
  ];
}
