import { describe, expect, it } from 'vitest';
import { withExtension } from '#test/x509/altered.ts';
import { finding, flipped } from '#test/x509/finding.ts';
import { now, randomSerial, signTbs, testKey, testMesh, verifies } from '#test/x509/mesh.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { bitString, boolean, octetString, oid, sequence } from '#x509/der/writer.ts';
import { compareReleased, lintTbs, type SvidExpectation } from '#x509/lint.ts';
import { authorityInfoAccess, crlDistributionPoints } from '#x509/profile/extensions.ts';
import { compileLeafTemplate } from '#x509/profile/leaf-template.ts';
import { assembleSigned } from '#x509/signed.ts';

const mesh = testMesh();
const { certificate, tbs, terms } = mesh.leaf();
const expected: SvidExpectation = {
  ...terms,
  issuer: mesh.template.issuer,
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth', 'clientAuth'],
  maxSize: 2048,
};

describe('lint of the final bytes', () => {
  it('finds nothing in what the template wrote', () => {
    expect(finding(() => lintTbs(tbs, expected))).toBeUndefined();
    expect(finding(() => compareReleased(certificate, tbs, expected))).toBeUndefined();
  });

  it('P-14: every single bit that differs is caught', () => {
    const passed: number[] = [];
    for (let bit = 0; bit < tbs.length * 8; bit++) {
      if (finding(() => lintTbs(flipped(tbs, bit), expected)) === undefined) passed.push(bit);
    }
    expect(passed).toEqual([]);
  });

  it('catches every truncation, and an octet more', () => {
    for (let length = 0; length < tbs.length; length++) {
      expect(finding(() => lintTbs(tbs.subarray(0, length), expected))).toBe('malformed');
    }
    expect(finding(() => lintTbs(Uint8Array.of(...tbs, 0), expected))).toBe('malformed');
  });

  it.each<[string, Partial<SvidExpectation>]>([
    ['serialNumber', { serial: randomSerial() }],
    ['validity', { notBefore: now - 121 }],
    ['validity', { notAfter: now + 3601 }],
    ['subjectPublicKeyInfo', { spki: testKey('ec:P-256', 'other').spki }],
    ['keyUsage', { keyUsage: ['digitalSignature', 'keyEncipherment'] }],
    ['keyUsage', { keyUsage: [] }],
    ['extendedKeyUsage', { extendedKeyUsage: ['serverAuth'] }],
    ['extendedKeyUsage', { extendedKeyUsage: ['clientAuth', 'serverAuth'] }],
    ['extendedKeyUsage', { extendedKeyUsage: [] }],
    ['subjectKeyIdentifier', { subjectKeyId: new Uint8Array(20) }],
    ['subjectAltName', { uri: 'spiffe://cluster.local/ns/payments/sa/apj' }],
    ['subjectAltName', { uri: 'spiffe://cluster.local/ns/payments/sa/ap' }],
    ['signature', { issuer: { ...mesh.template.issuer, signatureAlgorithm: 'ecdsa-sha384' } }],
    ['issuer', { issuer: { ...mesh.template.issuer, issuerName: sequence() } }],
    ['authorityKeyIdentifier', { issuer: { ...mesh.template.issuer, authorityKeyId: new Uint8Array(20) } }],
    ['authorityKeyIdentifier', { issuer: { ...mesh.template.issuer, subjectKeyId: false } }],
  ])('names %s where permit and bytes differ in it: %o', (field, change) => {
    expect(finding(() => lintTbs(tbs, { ...expected, ...change }))).toBe(field);
  });

  it('P-14: refuses a seventh extension, whatever it is', () => {
    const name = oid('2.5.29.32');
    for (const extra of [
      sequence(name, octetString(sequence())),
      sequence(name, boolean(true), octetString(sequence())),
    ]) {
      expect(finding(() => lintTbs(withExtension(tbs, extra), expected))).toBe('extensions');
    }
  });

  it('refuses a place of a CRL or of a responder, which no SVID has', () => {
    for (const extra of [crlDistributionPoints('http://a/'), authorityInfoAccess({ ocsp: 'http://a/' })])
      expect(finding(() => lintTbs(withExtension(tbs, extra), expected))).toBe('extensions');
  });

  it('refuses one of the six a second time', () => {
    const again = sequence(oid('2.5.29.19'), boolean(true), octetString(sequence()));
    expect(finding(() => lintTbs(withExtension(tbs, again), expected))).toBe('malformed');
  });

  it('refuses a serial that is not of our form, though permit and bytes agree', () => {
    const serial = Uint8Array.of(0x01, ...randomSerial().subarray(1));
    const bytes = mesh.template.tbs({ ...terms, serial });
    expect(finding(() => lintTbs(bytes, { ...expected, serial }))).toBe('serialNumber');
  });

  it('expects no subject key identifier where the issuer leaves it out', () => {
    const template = compileLeafTemplate({ ...mesh.template.issuer, subjectKeyId: false });
    const without = { ...expected, issuer: template.issuer };
    expect(finding(() => lintTbs(template.tbs(terms), without))).toBeUndefined();
    expect(finding(() => lintTbs(template.tbs(terms), expected))).toBe('subjectKeyIdentifier');
  });

  it('holds the size of the certificate to what policy allows', () => {
    const exactly = { ...expected, maxSize: certificate.length };
    expect(finding(() => compareReleased(certificate, tbs, exactly))).toBeUndefined();
    expect(finding(() => compareReleased(certificate, tbs, { ...expected, maxSize: certificate.length - 1 }))).toBe(
      'malformed',
    );
    expect(finding(() => lintTbs(tbs, { ...expected, maxSize: tbs.length }))).toBe('malformed');
  });
});

describe('the finished certificate', () => {
  it('P-14: a signer that altered the bytes it was given, before signing them, is caught though the signature fits', () => {
    const altered = Uint8Array.from(tbs);
    const at = Buffer.from(altered).indexOf('payments');
    altered[at] = 'q'.charCodeAt(0);
    const signature = signTbs(altered, 'ecdsa-sha256', mesh.intermediateKey);
    expect(verifies(altered, 'ecdsa-sha256', mesh.intermediateKey, signature)).toBe(true);
    const finished = mesh.template.assemble(altered, signature);
    expect(finding(() => compareReleased(finished, tbs, expected))).toBe('tbsCertificate');
    expect(finding(() => compareReleased(finished, altered, expected))).toBe('subjectAltName');
  });

  it('P-12: an outer AlgorithmIdentifier other than the inner one is caught', () => {
    expect(finding(() => compareReleased(assembleSigned(tbs, 'ecdsa-sha384', Uint8Array.of(1)), tbs, expected))).toBe(
      'signatureAlgorithm',
    );
  });

  it('is caught with no signature, or with octets behind it, inside or out', () => {
    const identifier = algorithmIdentifier('ecdsa-sha256');
    const bits = bitString(Uint8Array.of(1));
    expect(finding(() => compareReleased(sequence(tbs, identifier, bitString(new Uint8Array())), tbs, expected))).toBe(
      'signatureValue',
    );
    expect(finding(() => compareReleased(sequence(tbs, identifier, bits, bits), tbs, expected))).toBe('malformed');
    expect(finding(() => compareReleased(Uint8Array.of(...certificate, 0), tbs, expected))).toBe('malformed');
    expect(finding(() => compareReleased(sequence(tbs, identifier), tbs, expected))).toBe('malformed');
  });
});
