import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { now, randomSerial, testKey, testMesh } from '#test/x509/mesh.ts';
import { algorithmIdentifier, signatureAlgorithms } from '#x509/algorithm-identifiers.ts';
import type { Der, KeyKind } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { compileLeafTemplate, type LeafTerms } from '#x509/profile/leaf-template.ts';

const mesh = testMesh();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

describe('the leaf template', () => {
  it('writes exactly the octets of the profile', () => {
    const spki = `3059301306072a8648ce3d020106082a8648ce3d030107034200${'04'}${'11'.repeat(64)}`;
    const template = compileLeafTemplate({
      issuerName: bytes('300d310b3009060355040313024341') as Der,
      authorityKeyId: bytes('aa'.repeat(20)),
      signatureAlgorithm: 'ecdsa-sha256',
    });
    const tbs = template.tbs({
      serial: bytes(`40${'22'.repeat(19)}`),
      notBefore: Date.UTC(2026, 10, 21, 12, 34, 56) / 1000,
      notAfter: Date.UTC(2026, 10, 21, 13, 34, 56) / 1000,
      spki: bytes(spki) as Der,
      subjectKeyId: bytes('bb'.repeat(20)),
      keyUsage: 'digitalSignature',
      uri: 'spiffe://td/a',
    });
    const extensions = `
      300c 0603551d13 0101ff 0402 3000
      300e 0603551d0f 0101ff 0404 03020780
      301d 0603551d25 0416 3014 06082b06010505070301 06082b06010505070302
      301d 0603551d0e 0416 0414 ${'bb'.repeat(20)}
      301f 0603551d23 0418 3016 8014 ${'aa'.repeat(20)}
      301b 0603551d11 0101ff 0411 300f 860d ${Buffer.from('spiffe://td/a').toString('hex')}`;
    const body = `
      a003020102 0214 40${'22'.repeat(19)} 300a06082a8648ce3d040302 300d310b3009060355040313024341
      301e 170d 3236313132313132333435365a 170d 3236313132313133333435365a 3000 ${spki}
      a3819d 30819a ${extensions}`;
    const octets = bytes(body).length;
    expect(hex(tbs)).toBe(`3082${octets.toString(16).padStart(4, '0')}${body.replaceAll(/\s/g, '')}`);
  });

  it('P-3, Istio 67, Istio 68: exactly one SAN, the URI, critical, under an empty subject', () => {
    const leaf = readCertificate(mesh.leaf().certificate);
    expect(leaf.names.map(({ kind, text }) => [kind, text])).toEqual([
      ['uri', 'spiffe://cluster.local/ns/payments/sa/api'],
    ]);
    expect(leaf.isCritical('2.5.29.17')).toBe(true);
    expect(hex(leaf.subject)).toBe('3000');
  });

  it.each<[string, number, string]>([
    ['the last second of UTCTime', Date.UTC(2049, 11, 31, 23, 59, 59), '170d3439313233313233353935395a'],
    ['the first of GeneralizedTime', Date.UTC(2050, 0, 1), '180f32303530303130313030303030305a'],
  ])('P-6: %s', (_, ms, encoded) => {
    const notAfter = ms / 1000;
    const { certificate } = mesh.leaf({ notBefore: notAfter - 10, notAfter });
    expect(hex(certificate)).toContain(encoded);
    expect(readCertificate(certificate).notAfter).toBe(notAfter);
  });

  it('P-6: a validity that spans the change of form, and one wholly past it, have the right lengths', () => {
    const change = Date.UTC(2050, 0, 1) / 1000;
    for (const [notBefore, notAfter, length] of [
      [change - 2, change - 1, '301e170d'],
      [change - 1, change, '3020170d'],
      [change, change + 1, '3022180f'],
    ] as const) {
      const { certificate } = mesh.leaf({ notBefore, notAfter });
      expect(hex(certificate)).toContain(length);
      expect(readCertificate(certificate)).toMatchObject({ notBefore, notAfter });
    }
  });

  it('P-7: AKI is the issuer key identifier as given, whatever made it; the issuer name is copied octet by octet', () => {
    const printable = bytes('300d310b3009060355040313024341') as Der; // CN as PrintableString
    for (const length of [1, 4, 20, 32, 64]) {
      const authorityKeyId = new Uint8Array(length).fill(0x5a);
      const template = compileLeafTemplate({
        issuerName: printable,
        authorityKeyId,
        signatureAlgorithm: 'ecdsa-sha256',
      });
      const { terms } = mesh.leaf();
      const leaf = readCertificate(template.assemble(template.tbs(terms), Uint8Array.of(1)));
      expect(leaf.authorityKeyId).toEqual({ keyId: authorityKeyId, namesIssuer: false });
      expect(hex(leaf.issuer)).toBe(hex(printable));
    }
  });

  it.each<[KeyKind, LeafTerms['keyUsage'], string]>([
    ['ec:P-256', 'digitalSignature', '03020780'],
    ['ec:P-384', 'digitalSignature', '03020780'],
    ['ed25519', 'digitalSignature', '03020780'],
    ['ml-dsa-65', 'digitalSignature', '03020780'],
    ['rsa:2048', 'digitalSignature+keyEncipherment', '030205a0'],
    ['rsa:2048', 'digitalSignature', '03020780'],
  ])('P-8, Istio 69: a leaf on %s with %s carries KU %s', (kind, keyUsage, encoded) => {
    const leaf = readCertificate(mesh.leaf({ spki: testKey(kind).spki, keyUsage }).certificate);
    expect(hex(leaf.extension('2.5.29.15')?.value ?? new Uint8Array())).toBe(encoded);
    expect(leaf.isCritical('2.5.29.15')).toBe(true);
  });

  it('P-9, Istio 69: basicConstraints is the empty SEQUENCE, critical, and both purposes are there', () => {
    const leaf = readCertificate(mesh.leaf().certificate);
    expect(hex(leaf.extension('2.5.29.19')?.value ?? new Uint8Array())).toBe('3000');
    expect(leaf.isCritical('2.5.29.19')).toBe(true);
    expect(leaf.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  it('P-11: every length of ID from 16 to 2048 octets reads back, through each change of length form', () => {
    const boundaries = new Set([16, 127, 128, 255, 256, 257, 2047, 2048]);
    for (let length = 90; length < 300; length++) boundaries.add(length);
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 2048 }), (length) => {
        boundaries.add(length);
      }),
    );
    for (const length of boundaries) {
      const uri = `spiffe://td/${'a'.repeat(length - 12)}`;
      expect(readCertificate(mesh.leaf({ uri }).certificate).uris).toEqual([uri]);
    }
  });

  it.each(signatureAlgorithms)('P-12: under %s the AlgorithmIdentifier is the same inside and outside', (algorithm) => {
    const template = compileLeafTemplate({ ...mesh.template.issuer, signatureAlgorithm: algorithm });
    const certificate = template.assemble(template.tbs(mesh.leaf().terms), Uint8Array.of(1, 2, 3));
    const identifier = hex(algorithmIdentifier(algorithm));
    expect(hex(certificate).split(identifier)).toHaveLength(3);
    expect(readCertificate(certificate).signatureAlgorithm).toBe(algorithm);
    expect(identifier.endsWith('0500')).toBe(algorithm.startsWith('rsa-sha'));
  });

  it('leaves the subject key identifier out where the issuer says so', () => {
    const template = compileLeafTemplate({ ...mesh.template.issuer, subjectKeyId: false });
    const { terms } = mesh.leaf();
    const leaf = readCertificate(template.assemble(template.tbs(terms), Uint8Array.of(1)));
    expect(leaf.subjectKeyId).toBeUndefined();
    expect(leaf.extensions.map(({ id }) => id)).not.toContain('2.5.29.14');
  });

  it('writes the extensions in one fixed order, each once', () => {
    expect(readCertificate(mesh.leaf().certificate).extensions.map(({ id }) => id)).toEqual(
      [19, 15, 37, 14, 35, 17].map((last) => `2.5.29.${last}`),
    );
  });

  it('says in the certificate what it was told, for all terms', () => {
    const key = testKey('ec:P-256');
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 19, maxLength: 19 }),
        fc.integer({ min: -600_000_000, max: 250_000_000_000 }),
        fc.integer({ min: 1, max: 100_000_000 }),
        fc.stringMatching(/^[A-Za-z0-9._-]{1,200}$/),
        (tail, notBefore, ttl, segment) => {
          const terms = { serial: Uint8Array.of(0x7f, ...tail), notBefore, notAfter: notBefore + ttl, spki: key.spki };
          const uri = `spiffe://td/${segment}`;
          const leaf = readCertificate(mesh.leaf({ ...terms, uri }).certificate);
          expect(leaf).toMatchObject({ notBefore, notAfter: notBefore + ttl });
          expect([hex(leaf.serial), leaf.uris, hex(leaf.spki)]).toEqual([hex(terms.serial), [uri], hex(key.spki)]);
        },
      ),
    );
  });

  it.each<[string, Partial<LeafTerms>]>([
    ['a serial of 19 octets', { serial: new Uint8Array(19).fill(0x42) }],
    ['a serial with the top bit', { serial: new Uint8Array(20).fill(0x80) }],
    ['a serial with a leading zero', { serial: Uint8Array.of(0, ...randomSerial().subarray(1)) }],
    ['a key identifier of 19 octets', { subjectKeyId: new Uint8Array(19) }],
    ['an empty ID', { uri: '' }],
    ['an ID of 2049 octets', { uri: `spiffe://td/${'a'.repeat(2037)}` }],
    ['an ID beyond ASCII', { uri: 'spiffe://td/ä' }],
    ['an ID whose low octets alone are ASCII', { uri: 'spiffe://td/\u0161' }],
    ['an ID with a line break', { uri: 'spiffe://td/a\n' }],
    ['a lifetime of nothing', { notBefore: now, notAfter: now }],
    ['a fraction of a second', { notAfter: now + 0.5 }],
    ['a year of five digits', { notAfter: 253402300800 }],
    ['a time that is none', { notBefore: Number.NaN }],
  ])('refuses %s', (_, change) => {
    expect(() => mesh.leaf(change)).toThrow(RangeError);
  });
});
