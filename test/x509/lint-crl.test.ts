import { describe, expect, it } from 'vitest';
import { extension } from '#test/x509/csr/build.ts';
import { finding, flipped } from '#test/x509/finding.ts';
import { now, signTbs, testMesh } from '#test/x509/mesh.ts';
import { testCrl } from '#test/x509/status.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { DerReader } from '#x509/der/reader.ts';
import { contextConstructed, tag } from '#x509/der/tags.ts';
import { bitString, element, explicit, sequence } from '#x509/der/writer.ts';
import { compareReleasedCrl, lintCrlTbs } from '#x509/lint-crl.ts';
import type { CrlTerms, RevokedEntry } from '#x509/profile/revocation-list.ts';
import { assembleSigned } from '#x509/signed.ts';

const serial = (last: number) => Uint8Array.of(0x42, ...new Uint8Array(18), last);
const compromised: RevokedEntry = { serial: serial(1), revokedAt: now - 60, reason: 'keyCompromise' };
const plain: RevokedEntry = { serial: serial(2), revokedAt: now - 30, reason: 'unspecified' };
const { tbs, crl, terms } = testCrl({ revoked: [plain, compromised], number: Uint8Array.of(0, 0x80) });
const [algorithm, issuer] = ['ecdsa-sha256', terms.issuer] as const;
const found = (bytes: Uint8Array, change: Partial<CrlTerms> = {}) =>
  finding(() => lintCrlTbs(bytes, { ...terms, ...change }, algorithm));
/** What other terms would make, held against these. */
const written = (change: Partial<CrlTerms>) => found(testCrl({ ...terms, ...change }).tbs);
const released = (bytes: Uint8Array) => finding(() => compareReleasedCrl(bytes, tbs, terms, algorithm));

/** The list with another part in the place of one of its elements. */
function withPart(identifier: number, change: (part: Uint8Array) => Uint8Array, nth = 0): Uint8Array {
  const fields = DerReader.over(tbs).sequence();
  const parts: Uint8Array[] = [];
  while (fields.more) parts.push(fields.element());
  const at = parts.flatMap((part, index) => (part[0] === identifier ? [index] : []))[nth] ?? -1;
  return sequence(...parts.with(at, change(parts[at] ?? new Uint8Array())));
}
const content = (der: Uint8Array, identifier: number) => DerReader.over(der).content(identifier);
/** SEQUENCEs of a TBSCertList: the algorithm, the issuer, the entries. */
const entriesChanged = (change: (entries: readonly Uint8Array[]) => readonly Uint8Array[]) =>
  withPart(
    tag.sequence,
    (part) => {
      const list = DerReader.over(part).sequence();
      const entries: Uint8Array[] = [];
      while (list.more) entries.push(list.element());
      return sequence(...change(entries));
    },
    2,
  );
const withExtensions = (change: (list: Uint8Array) => Uint8Array) =>
  withPart(contextConstructed(0), (part) =>
    explicit(0, sequence(change(content(content(part, contextConstructed(0)), tag.sequence)))),
  );

describe('lint of a CRL', () => {
  it('finds nothing in what was written, whatever the order of the terms', () => {
    expect([found(tbs), found(tbs, { revoked: [compromised, plain] }), released(crl)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const empty = testCrl();
    expect(finding(() => compareReleasedCrl(empty.crl, empty.tbs, empty.terms, algorithm))).toBeUndefined();
  });

  it('catches every single bit that differs', () => {
    const passed: number[] = [];
    for (let bit = 0; bit < tbs.length * 8; bit++) if (found(flipped(tbs, bit)) === undefined) passed.push(bit);
    expect(passed).toEqual([]);
  });

  it('catches every truncation, and an octet more', () => {
    for (let length = 0; length < tbs.length; length++) expect(found(tbs.subarray(0, length))).toBe('malformed');
    expect(found(Uint8Array.of(...tbs, 0))).toBe('malformed');
  });

  it.each<[string, string, Partial<CrlTerms>]>([
    ['issuer', 'another issuer', { issuer: { ...issuer, name: sequence() } }],
    ['authorityKeyIdentifier', 'another key', { issuer: { ...issuer, keyId: new Uint8Array(20) } }],
    ['thisUpdate', 'an earlier beginning', { thisUpdate: now - 1 }],
    ['nextUpdate', 'a later end', { nextUpdate: now + 90_000 }],
    ['cRLNumber', 'another number', { number: Uint8Array.of(0x81) }],
    ['revokedCertificates', 'a certificate less', { revoked: [plain] }],
    ['revokedCertificates', 'no certificate', { revoked: [] }],
    ['revokedCertificates', 'a certificate more', { revoked: [plain, compromised, { ...plain, serial: serial(3) }] }],
    ['revokedCertificates', 'another certificate', { revoked: [plain, { ...compromised, serial: serial(3) }] }],
    ['revokedCertificates', 'another date', { revoked: [plain, { ...compromised, revokedAt: now }] }],
    ['revokedCertificates', 'another reason', { revoked: [plain, { ...compromised, reason: 'superseded' }] }],
    ['revokedCertificates', 'a reason more', { revoked: [{ ...plain, reason: 'superseded' }, compromised] }],
    ['revokedCertificates', 'a reason less', { revoked: [plain, { ...compromised, reason: 'unspecified' }] }],
  ])('names %s where the bytes have %s', (field, _, change) => {
    expect(written(change)).toBe(field);
    expect(found(tbs, change)).toBe(field);
  });

  it('names the algorithm where it is another', () => {
    expect(finding(() => lintCrlTbs(tbs, terms, 'ecdsa-sha384'))).toBe('signature');
  });

  it('P-16: refuses an unspecified reason that is written out, and more than a reason', () => {
    const [told, another] = [Uint8Array.of(0x0a, 1, 0), Uint8Array.of(0x18, 15, ...Buffer.from('20261101000000Z'))];
    const more = (id: string, value: Uint8Array) =>
      entriesChanged(([first = told, second = told]) => [
        first,
        sequence(content(second, tag.sequence), sequence(extension(id, value))),
      ]);
    expect(found(more('2.5.29.21', told))).toBe('revokedCertificates');
    expect(found(more('2.5.29.24', another))).toBe('revokedCertificates');
  });

  it('refuses entries in another order, an entry twice, and no entry at all', () => {
    expect(found(entriesChanged((entries) => entries.toReversed()))).toBe('revokedCertificates');
    expect(found(entriesChanged(([first = tbs, second = tbs]) => [first, second, second]))).toBe('malformed');
    expect(found(entriesChanged(() => []))).toBe('malformed');
  });

  it('refuses one extension more, and the two in another order', () => {
    expect(found(withExtensions((list) => Uint8Array.of(...list, ...extension('1.2.3', sequence()))))).toBe(
      'crlExtensions',
    );
    const swapped = withExtensions((list) => {
      const reader = DerReader.over(list);
      const [first, second] = [reader.element(), reader.element()];
      return Uint8Array.of(...second, ...first);
    });
    expect(found(swapped)).toBe('crlExtensions');
  });

  it('refuses a key identifier beside which issuer and serial are named', () => {
    const both = extension(
      '2.5.29.35',
      sequence(element(0x80, issuer.keyId), element(0xa1, element(0xa4, sequence())), element(0x82, Uint8Array.of(1))),
    );
    const named = withExtensions((list) => {
      const reader = DerReader.over(list);
      reader.skip();
      return Uint8Array.of(...both, ...reader.element());
    });
    expect(found(named)).toBe('authorityKeyIdentifier');
  });
});

describe('the finished CRL', () => {
  it('is caught where whoever signed it altered it first, though the signature fits', () => {
    const altered = testCrl({ ...terms, revoked: [plain] });
    expect(released(altered.crl)).toBe('tbsCertList');
    const changed = Uint8Array.from(altered.tbs);
    expect(finding(() => compareReleasedCrl(altered.crl, changed, terms, algorithm))).toBe('revokedCertificates');
  });

  it('P-12: is caught with another algorithm outside, with no signature, with octets behind it', () => {
    const signature = signTbs(tbs, algorithm, testMesh().intermediateKey);
    const identifier = algorithmIdentifier(algorithm);
    expect(released(assembleSigned(tbs, 'ecdsa-sha384', signature))).toBe('signatureAlgorithm');
    expect(released(sequence(tbs, identifier, bitString(new Uint8Array())))).toBe('signatureValue');
    expect(released(sequence(tbs, identifier, bitString(signature), bitString(signature)))).toBe('malformed');
    expect(released(Uint8Array.of(...crl, 0))).toBe('malformed');
  });
});
