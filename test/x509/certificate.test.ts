import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withExtension } from '#test/x509/altered.ts';
import { testMesh } from '#test/x509/mesh.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { bitString, boolean, element, explicit, integer, octetString, oid, sequence } from '#x509/der/writer.ts';

const mesh = testMesh();
const { certificate: leaf, tbs } = mesh.leaf();
const identifier = algorithmIdentifier('ecdsa-sha256');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const signed = (inside: Uint8Array) => sequence(inside, identifier, bitString(Uint8Array.of(1)));
const extension = (id: string, value: string, critical = false) =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(bytes(value)));

/** The bare minimum, each field replaceable by other octets. */
type FieldName = 'version' | 'serial' | 'signature' | 'issuer' | 'validity' | 'subject' | 'spki' | 'extensions';
const fields: Record<FieldName, Uint8Array> = {
  version: explicit(0, integer(2)),
  serial: integer(7),
  signature: identifier,
  issuer: sequence(),
  validity: bytes('301e 170d3236313132313132303030305a 170d3237313132313132303030305a'),
  subject: sequence(),
  spki: sequence(),
  extensions: new Uint8Array(),
};
const minimal = (change: Partial<typeof fields> = {}) => signed(sequence(...Object.values({ ...fields, ...change })));
const withValue = (id: string, value: string) => minimal({ extensions: explicit(3, sequence(extension(id, value))) });

/** The field that the reader names, or undefined when it reads the certificate. */
function refusedField(der: Uint8Array): string | undefined {
  try {
    readCertificate(der);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CertificateError)) throw thrown;
    return thrown.field;
  }
}

describe('reading a certificate', () => {
  it('gives every field of a leaf', () => {
    const read = readCertificate(leaf);
    expect(read).toMatchObject({
      signatureAlgorithm: 'ecdsa-sha256',
      basicConstraints: { ca: false },
      keyUsage: ['digitalSignature'],
      nameConstraints: undefined,
      isCa: false,
      hasEmptySubject: true,
      isSelfIssued: false,
      hasCrlDistributionPoints: false,
      unknownCritical: [],
      subjectText: '',
      issuerText: 'O=Example, CN=Test mesh intermediate',
    });
    expect(Buffer.from(read.tbs)).toEqual(Buffer.from(tbs));
  });

  it('takes the bare minimum, without any extension', () => {
    expect(readCertificate(minimal())).toMatchObject({ keyUsage: undefined, names: [], serialText: '07' });
  });

  const readings: [string, string, (certificate: Certificate) => unknown, unknown][] = [
    ['2.5.29.19', '30030101ff', (c) => c.basicConstraints, { ca: true }],
    ['2.5.29.19', '30060101ff020103', (c) => c.basicConstraints, { ca: true, pathLength: 3 }],
    ['2.5.29.15', '03020106', (c) => c.keyUsage, ['keyCertSign', 'cRLSign']],
    ['2.5.29.15', '0303070080', (c) => c.keyUsage, ['decipherOnly']],
    ['2.5.29.37', '30060604551d2500', (c) => c.extendedKeyUsage, ['2.5.29.37.0']],
    ['2.5.29.35', '3006 8004 01020304', (c) => c.authorityKeyId, { keyId: bytes('01020304'), namesIssuer: false }],
    ['2.5.29.35', '3000', (c) => c.authorityKeyId, { namesIssuer: false }],
    ['2.5.29.35', '3009 a104 a4023000 820107', (c) => c.authorityKeyId, { namesIssuer: true }],
    ['2.5.29.17', '3006 8704 7f000001', (c) => c.names.map(({ text }) => text), ['127.0.0.1']],
    ['2.5.29.17', '3004 a402 3000', (c) => c.names.map(({ kind }) => kind), ['directory']],
    [
      '2.5.29.30',
      '300ca00a 3008 8206 612e74657374',
      (c) => c.nameConstraints?.permitted.map(({ text }) => text),
      ['a.test'],
    ],
    [
      '2.5.29.30',
      '300ea10c 300a 8708 0a000000 ff000000',
      (c) => c.nameConstraints?.excluded.map(({ text }) => text),
      ['10.0.0.0/255.0.0.0'],
    ],
    ['2.5.29.31', '3000', (c) => c.hasCrlDistributionPoints, true],
  ];
  it.each(readings)('reads extension %s of %s', (id, value, pick, expected) => {
    expect(pick(readCertificate(withValue(id, value)))).toEqual(expected);
  });

  it('names critical extensions that it does not understand, and only the critical ones', () => {
    const twice = withExtension(withExtension(tbs, extension('1.2.3.4', '0500', true)), extension('1.2.3.5', '0500'));
    expect(readCertificate(signed(twice)).unknownCritical).toEqual(['1.2.3.4']);
  });
});

describe('what is no certificate', () => {
  it.each<[string, string, Uint8Array]>([
    ['certificate', 'nothing', new Uint8Array()],
    ['certificate', 'an octet behind it', Uint8Array.of(...leaf, 0)],
    ['certificate', 'more than is read of any', sequence(new Uint8Array(70000))],
    ['tbsCertificate', 'a null inside', sequence(bytes('0500'), identifier, bitString(Uint8Array.of(1)))],
    ['version', 'version 1', minimal({ version: new Uint8Array() })],
    ['version', 'version 2', minimal({ version: explicit(0, integer(1)) })],
    ['version', 'version 4', minimal({ version: explicit(0, integer(3)) })],
    ['serialNumber', 'a negative serial', minimal({ serial: bytes('0201ff') })],
    ['serialNumber', 'a serial of zero', minimal({ serial: bytes('020100') })],
    ['serialNumber', 'a serial of 21 octets', minimal({ serial: element(2, new Uint8Array(21).fill(1)) })],
    ['serialNumber', 'a padded serial', minimal({ serial: bytes('02020007') })],
    ['issuer', 'an issuer that is a SET', minimal({ issuer: bytes('3100') })],
    ['issuer', 'an RDN without attributes', minimal({ issuer: sequence(bytes('3100')) })],
    ['subject', 'an attribute without a value', minimal({ subject: bytes('3009 3107 3005 0603550403') })],
    ['subject', 'a common name that is not UTF-8', minimal({ subject: bytes('300c 310a 3008 0603550403 0c01ff') })],
    ['certificate', 'a BOOLEAN of 01 where nobody looks', minimal({ spki: bytes('3003 010101') })],
    ['subjectAltName', 'a URI with a line break', withValue('2.5.29.17', '3005 8603 613a0a')],
    [
      'validity',
      'a day that does not exist',
      minimal({ validity: bytes('301e 170d3236303233303132303030305a 170d3237313132313132303030305a') }),
    ],
    [
      'validity',
      'no seconds',
      minimal({ validity: bytes('301c 170b323631313231313230305a 170d3237313132313132303030305a') }),
    ],
    [
      'validity',
      'GeneralizedTime before 2050',
      minimal({ validity: bytes('3020 170d3236313132313132303030305a 180f32303439313132313132303030305a') }),
    ],
    [
      'validity',
      'an hour of 24',
      minimal({ validity: bytes('301e 170d3236313132313234303030305a 170d3237313132313132303030305a') }),
    ],
    [
      'validity',
      'letters for digits',
      minimal({ validity: bytes('301e 170d3236313132314132303030305a 170d3237313132313132303030305a') }),
    ],
    [
      'validity',
      'an end before the beginning',
      minimal({ validity: bytes('301e 170d3237313132313132303030305a 170d3236313132313132303030305a') }),
    ],
    [
      'validity',
      'a third time',
      minimal({
        validity: bytes(
          '302d 170d3236313132313132303030305a 170d3237313132313132303030305a 170d3237313132313132303030305a',
        ),
      }),
    ],
    ['extensions', 'unique identifiers', minimal({ extensions: bytes('81020000') })],
    ['extensions', 'an empty list of extensions', minimal({ extensions: explicit(3, sequence()) })],
    ['extensions', 'an extension twice', signed(withExtension(tbs, extension('2.5.29.15', '03020780', true)))],
    [
      'extensions',
      'critical FALSE written out',
      signed(withExtension(tbs, sequence(oid('1.2.3'), boolean(false), octetString()))),
    ],
    ['extensions', 'an extension without a value', signed(withExtension(tbs, sequence(oid('1.2.3'))))],
    [
      'extensions',
      '41 extensions',
      minimal({
        extensions: explicit(3, sequence(...Array.from({ length: 41 }, (_, i) => extension(`1.2.3.${i}`, '0500')))),
      }),
    ],
    [
      'signatureAlgorithm',
      'another algorithm outside',
      sequence(tbs, algorithmIdentifier('ecdsa-sha384'), bitString(Uint8Array.of(1))),
    ],
    ['signatureValue', 'a signature of seven bits', sequence(tbs, identifier, bytes('03020180'))],
    [
      'signatureValue',
      'something behind the signature',
      sequence(tbs, identifier, bitString(Uint8Array.of(1)), bytes('0500')),
    ],
    ['basicConstraints', 'a path length without CA', withValue('2.5.29.19', '3003020100')],
    ['basicConstraints', 'cA FALSE written out', withValue('2.5.29.19', '3003010100')],
    ['basicConstraints', 'a negative path length', withValue('2.5.29.19', '30060101ff0201ff')],
    ['keyUsage', 'no bit', withValue('2.5.29.15', '030100')],
    ['keyUsage', 'a trailing zero bit', withValue('2.5.29.15', '03020680')],
    ['keyUsage', 'a tenth bit', withValue('2.5.29.15', '0303060040')],
    ['extendedKeyUsage', 'no purpose', withValue('2.5.29.37', '3000')],
    ['subjectKeyIdentifier', 'octets behind it', withValue('2.5.29.14', '040101 00')],
    ['authorityKeyIdentifier', 'a serial without an issuer', withValue('2.5.29.35', '3003 820107')],
    ['subjectAltName', 'no name', withValue('2.5.29.17', '3000')],
    ['subjectAltName', 'a URI beyond ASCII', withValue('2.5.29.17', '3004 8602 c3a4')],
    ['subjectAltName', 'an address of five octets', withValue('2.5.29.17', '3007 8705 0102030405')],
    ['subjectAltName', 'a tag that no name has', withValue('2.5.29.17', '3003 890100')],
    ['nameConstraints', 'neither kind of subtree', withValue('2.5.29.30', '3000')],
    ['nameConstraints', 'a subtree with a minimum', withValue('2.5.29.30', '300ba009 3007 820161 800101')],
    ['nameConstraints', 'an address without its mask', withValue('2.5.29.30', '300aa008 3006 8704 0a000000')],
  ])('refuses in %s: %s', (field, _, der) => {
    expect(refusedField(der)).toBe(field);
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < leaf.length; length++) expect(refusedField(leaf.subarray(0, length))).toBeDefined();
  });

  it('answers any damage with a reading or with a CertificateError, never with something else', () => {
    const sources = [leaf, mesh.root, mesh.intermediate];
    const damage = fc.record({
      source: fc.constantFrom(...sources),
      at: fc.nat(),
      octets: fc.uint8Array({ maxLength: 8 }),
      cut: fc.nat(4),
    });
    fc.assert(
      fc.property(damage, ({ source, at, octets, cut }) => {
        const position = at % source.length;
        const damaged = Uint8Array.of(...source.subarray(0, position), ...octets, ...source.subarray(position + cut));
        refusedField(damaged); // throws what is no CertificateError
      }),
      { numRuns: 2000 },
    );
  });
});
