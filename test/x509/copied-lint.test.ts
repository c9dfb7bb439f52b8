import { describe, expect, it } from 'vitest';
import { withExtension } from '#test/x509/altered.ts';
import { extension } from '#test/x509/csr/build.ts';
import { namedRequests } from '#test/x509/csr/named-requests.ts';
import { finding, flipped } from '#test/x509/finding.ts';
import { randomSerial, testKey, testMesh } from '#test/x509/mesh.ts';
import { type Copy, copyOf, everywhere } from '#test/x509/profile/copies.ts';
import { boolean, octetString, oid, sequence } from '#x509/der/writer.ts';
import { type CopiedExpectation, compareReleased, lintTbs } from '#x509/lint.ts';
import { type CopiedTerms, copiedTbs, type StatusPointers } from '#x509/profile/ca-certificate.ts';

const requests = namedRequests();
async function copy(name: string, pointers?: StatusPointers): Promise<Copy> {
  const request = requests.find((each) => each.name === name);
  if (request === undefined) throw new Error(`there is no request ${name}`);
  return copyOf(request, 'ecdsa-sha256', pointers);
}

const host = await copy('K-22: a host on P-256');
const literal = await copy('K-25: a subject in all kinds of strings');
const spiffe = await copy('K-23: a URI alone');
const nameless = await copy('K-16, K-23: a common name alone');
const useless = await copy('purposes alone');
const ca = await copy('a CA with two below');
const spire = await copy("K-81: SPIRE's CA");
const bounded = await copy('K-26: a CA with name constraints');
const stapling = await copy('a host that must staple', everywhere);
const pointing = await copy('K-26: a CA with name constraints', everywhere);
const all = [host, literal, nameless, useless, ca, spire, bounded, pointing];

const found = ({ tbs, expected }: Copy, change: Partial<CopiedExpectation> = {}) =>
  finding(() => lintTbs(tbs, { ...expected, ...change }));
/** The bytes that other terms would make, held against what was permitted. */
const written = ({ terms, expected }: Copy, change: Partial<CopiedTerms>) =>
  finding(() => lintTbs(copiedTbs({ ...terms, ...change }, 'ecdsa-sha256'), expected));

describe('lint of a certificate with the names of its request', () => {
  it.each(all)('finds nothing in $name as it was permitted', (each) => {
    expect(found(each)).toBeUndefined();
    expect(finding(() => compareReleased(each.certificate, each.tbs, each.expected))).toBeUndefined();
  });

  it.each(all)('P-14: catches every single bit that differs in $name', ({ tbs, expected }) => {
    const passed: number[] = [];
    for (let bit = 0; bit < tbs.length * 8; bit++)
      if (finding(() => lintTbs(flipped(tbs, bit), expected)) === undefined) passed.push(bit);
    expect(passed).toEqual([]);
  });

  it.each(all)('catches every truncation of $name, and an octet more', ({ tbs, expected }) => {
    for (let length = 0; length < tbs.length; length++)
      expect(finding(() => lintTbs(tbs.subarray(0, length), expected))).toBe('malformed');
    expect(finding(() => lintTbs(Uint8Array.of(...tbs, 0), expected))).toBe('malformed');
  });

  const issuer = host.expected.issuer;
  it.each<[string, string, Copy, Partial<CopiedExpectation>]>([
    ['serialNumber', 'another serial', host, { serial: randomSerial() }],
    ['validity', 'an earlier beginning', host, { notBefore: host.expected.notBefore - 1 }],
    ['validity', 'a later end', host, { notAfter: host.expected.notAfter + 1 }],
    ['subjectPublicKeyInfo', 'another key', host, { spki: testKey('ec:P-256', 'other').spki }],
    ['subjectKeyIdentifier', 'another key identifier', host, { subjectKeyId: new Uint8Array(20) }],
    ['signature', 'another algorithm', host, { issuer: { ...issuer, signatureAlgorithm: 'ecdsa-sha384' } }],
    ['issuer', 'another issuer', host, { issuer: { ...issuer, issuerName: sequence() } }],
    [
      'authorityKeyIdentifier',
      'another issuing key',
      host,
      { issuer: { ...issuer, authorityKeyId: new Uint8Array(20) } },
    ],
    ['keyUsage', 'a use more', host, { keyUsage: ['digitalSignature', 'keyAgreement'] }],
    ['keyUsage', 'another use', host, { keyUsage: ['keyAgreement'] }],
    ['extendedKeyUsage', 'no use', host, { keyUsage: [] }],
    ['keyUsage', 'a use where there is none', useless, { keyUsage: ['digitalSignature'] }],
    ['keyUsage', 'a CA without uses', ca, { keyUsage: [] }],
    ['keyUsage', 'a use less of a CA', ca, { keyUsage: ['keyCertSign'] }],
    ['extendedKeyUsage', 'the purposes in another order', host, { extendedKeyUsage: ['clientAuth', 'serverAuth'] }],
    ['extendedKeyUsage', 'a purpose less', host, { extendedKeyUsage: ['serverAuth'] }],
    ['subjectKeyIdentifier', 'no purpose', host, { extendedKeyUsage: [] }],
    ['extendedKeyUsage', 'a purpose of a CA that has none', ca, { extendedKeyUsage: ['serverAuth'] }],
    ['malformed', 'a CA', host, { ca: { pathLength: 0 } }],
    ['basicConstraints', 'a CA with less below', ca, { ca: { pathLength: 1 } }],
    ['basicConstraints', 'a CA with more below', ca, { ca: { pathLength: 3 } }],
    [
      'subject',
      'another subject',
      host,
      { copied: { ...host.expected.copied, subject: literal.expected.copied.subject } },
    ],
    [
      'subject',
      'no subject',
      literal,
      { copied: { ...literal.expected.copied, subject: host.expected.copied.subject } },
    ],
    [
      'subjectAltName',
      'other names',
      host,
      { copied: { ...host.expected.copied, names: literal.expected.copied.names } },
    ],
    ['extensions', 'no names', host, { copied: { ...host.expected.copied, names: undefined } }],
    [
      'subjectAltName',
      'names where there are none',
      nameless,
      { copied: { ...nameless.expected.copied, names: host.expected.copied.names } },
    ],
    ['cRLDistributionPoints', 'a CRL where there is none', host, { pointers: { crl: 'http://a/' } }],
    ['authorityInfoAccess', 'a responder where there is none', host, { pointers: { ocsp: 'http://a/' } }],
    ['cRLDistributionPoints', 'another CRL', pointing, { pointers: { ...everywhere, crl: 'http://a/' } }],
    ['authorityInfoAccess', 'another responder', pointing, { pointers: { ...everywhere, ocsp: 'http://a/' } }],
    ['authorityInfoAccess', 'another place of the issuer', pointing, { pointers: { ...everywhere, caIssuers: 'x:a' } }],
    ['authorityInfoAccess', 'no CRL', pointing, { pointers: { ocsp: 'http://a/', caIssuers: 'http://b/' } }],
    ['extensions', 'no access', pointing, { pointers: { crl: everywhere.crl ?? '' } }],
    ['extensions', 'no place', pointing, { pointers: {} }],
    ['tlsFeature', 'a TLS feature', host, { copied: { ...host.expected.copied, mustStaple: true } }],
    ['extensions', 'no TLS feature', stapling, { copied: { ...stapling.expected.copied, mustStaple: false } }],
  ])('names %s where the permit has %s', (field, _, each, change) => expect(found(each, change)).toBe(field));

  it.each<[string, string, Copy, Partial<CopiedTerms>]>([
    ['basicConstraints', 'a CA was made of an end entity', host, { ca: { pathLength: 0 } }],
    ['basicConstraints', 'a CA got more below', ca, { ca: { pathLength: 3 } }],
    ['subject', 'the subject was left out', literal, { subject: host.terms.subject }],
    ['extensions', 'a name was made up', nameless, { names: host.terms.names }],
    ['nameConstraints', 'the constraints were left out', bounded, { nameConstraints: undefined }],
    ['extensions', 'constraints were made up', ca, { nameConstraints: bounded.terms.nameConstraints }],
    ['tlsFeature', 'the TLS feature was left out', stapling, { mustStaple: false }],
    ['extensions', 'a TLS feature was made up', pointing, { mustStaple: true }],
    ['malformed', 'the path length was left out', ca, { ca: {} }],
    ['keyUsage', 'certificates may be signed', host, { keyUsage: ['digitalSignature', 'keyCertSign'] }],
    ['keyUsage', 'the uses were left out', host, { keyUsage: [] }],
    [
      'extendedKeyUsage',
      'a purpose was added',
      host,
      { extendedKeyUsage: ['serverAuth', 'clientAuth', 'codeSigning'] },
    ],
    ['extendedKeyUsage', 'the purposes were left out', host, { extendedKeyUsage: [] }],
    ['extensions', 'a CRL was made up', host, { pointers: { crl: 'http://a/' } }],
    ['extensions', 'a responder was made up', host, { pointers: { ocsp: 'http://a/' } }],
    ['cRLDistributionPoints', 'the places were left out', pointing, { pointers: {} }],
    ['authorityInfoAccess', 'the access was left out', pointing, { pointers: { crl: everywhere.crl ?? '' } }],
    [
      'authorityInfoAccess',
      'responder and issuer changed places',
      pointing,
      { pointers: { ...everywhere, ocsp: everywhere.caIssuers ?? '', caIssuers: everywhere.ocsp ?? '' } },
    ],
  ])('names %s where %s', (field, _, each, change) => expect(written(each, change)).toBe(field));

  it('names basicConstraints where the permit has an end entity and the bytes a CA', () => {
    const { ca: _, ...entity } = ca.expected;
    expect(finding(() => lintTbs(ca.tbs, entity))).toBe('basicConstraints');
  });

  it('takes no places for granted: a permit without them refuses bytes that have them', () => {
    const { pointers: _, ...nowhere } = pointing.expected;
    expect(finding(() => lintTbs(pointing.tbs, nowhere))).toBe('extensions');
  });

  it.each([
    ['critical without a subject', host, true, undefined],
    ['not critical without a subject', host, false, 'subjectAltName'],
    ['critical beside a subject', literal, true, 'subjectAltName'],
    ['not critical beside a subject', literal, false, undefined],
  ] as const)('K-15: looks at names that are %s', (_, { terms, expected }, critical, field) => {
    const without = copiedTbs({ ...terms, names: undefined }, 'ecdsa-sha256');
    const tbs = withExtension(without, extension('2.5.29.17', terms.names ?? sequence(), critical));
    expect(finding(() => lintTbs(tbs, expected))).toBe(field);
  });

  it('P-14: refuses one extension more, whatever it is', () => {
    const name = oid('2.5.29.32');
    for (const each of all)
      for (const extra of [
        sequence(name, octetString(sequence())),
        sequence(name, boolean(true), octetString(sequence())),
      ])
        expect(finding(() => lintTbs(withExtension(each.tbs, extra), each.expected))).toBe('extensions');
  });

  it('holds the size of the certificate to what policy allows', () => {
    const at = (maxSize: number) =>
      finding(() => compareReleased(host.certificate, host.tbs, { ...host.expected, maxSize }));
    expect([at(host.certificate.length), at(host.certificate.length - 1)]).toEqual([undefined, 'malformed']);
  });

  it('takes for an SVID what has its form and its name, and nothing else', () => {
    const { certificate, tbs, terms } = testMesh().leaf();
    const { copied: _, ...common } = spiffe.expected;
    const uri = 'spiffe://cluster.local/ns/sandbox/sa/foo';
    expect(finding(() => lintTbs(spiffe.tbs, { ...common, uri }))).toBeUndefined();
    expect(finding(() => lintTbs(spiffe.tbs, { ...common, uri: `${uri}o` }))).toBe('subjectAltName');
    expect(
      finding(() => compareReleased(certificate, tbs, { ...host.expected, ...terms, keyUsage: host.uses.keyUsage })),
    ).toBe('subjectAltName');
  });
});
