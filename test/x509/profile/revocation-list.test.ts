import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { now, randomSerial } from '#test/x509/mesh.ts';
import { testCrl } from '#test/x509/status.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { lintCrlTbs } from '#x509/lint-crl.ts';
import { type CrlTerms, crlTbs, type RevokedEntry } from '#x509/profile/revocation-list.ts';
import { type RevocationReason, revocationReasons } from '#x509/revocation-reason.ts';

const hex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');
const written = (change: Partial<CrlTerms>) => hex(testCrl(change).tbs);
const entry = (serial: readonly number[], reason?: RevocationReason): RevokedEntry => ({
  serial: Uint8Array.from(serial),
  revokedAt: now,
  ...(reason && { reason }),
});

describe('a CRL', () => {
  it('P-16: is of version 2, with AKI and a CRL number that are not critical, and tells when the next one comes', () => {
    const { crl, terms } = testCrl({ number: Uint8Array.of(1, 0) });
    const read = readCrl(crl);
    expect(read).toMatchObject({
      thisUpdate: terms.thisUpdate,
      nextUpdate: terms.nextUpdate,
      extensions: ['2.5.29.35', '2.5.29.20'],
      authorityKeyId: { keyId: terms.issuer.keyId, namesIssuer: false },
      signatureAlgorithm: 'ecdsa-sha256',
    });
    expect([hex(read.number), hex(read.issuer)]).toEqual(['0100', hex(terms.issuer.name)]);
  });

  it('P-16: of nothing revoked has no revokedCertificates field, octet for octet', () => {
    const { terms } = testCrl();
    const keyId = hex(terms.issuer.keyId);
    expect(written({}).slice(6)).toBe(
      [
        '020101 300a06082a8648ce3d040302',
        hex(terms.issuer.name),
        '170d3236313132313132303030305a 170d3236313132323132303030305a',
        `a02f 302d 301f 0603551d23 0418 3016 8014 ${keyId} 300a 0603551d14 0403 020101`,
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('RFC 5280 5.1.2.6, P-16: an entry has its serial, its date and a reason; unspecified is left out', () => {
    const date = '170d3236313132313132303030305a';
    const list = (...entries: RevokedEntry[]) => written({ revoked: entries });
    expect(list(entry([7]))).toContain(`3014 3012 020107 ${date} a0`.replaceAll(' ', ''));
    expect(list(entry([7], 'unspecified'))).toBe(list(entry([7])));
    expect(list(entry([7], 'keyCompromise'))).toContain(
      `3022 3020 020107 ${date} 300c 300a 0603551d15 0403 0a0101 a0`.replaceAll(' ', ''),
    );
  });

  it('RFC 5280 5.3.1: knows nine reasons by their numbers, and reads what it wrote', () => {
    expect(revocationReasons).toHaveLength(9);
    const { crl } = testCrl({ revoked: revocationReasons.map((reason, at) => entry([at + 1], reason)) });
    expect([...readCrl(crl).revoked.values()].map(({ reason }) => reason ?? 'unspecified')).toEqual(revocationReasons);
    const numbers = [...hex(crl).matchAll(/0603551d1504030a01(..)/g)].map(([, number = '']) =>
      Number.parseInt(number, 16),
    );
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 9, 10]);
  });

  it('RFC 5280 5.1.2.4: has UTCTime through 2049, GeneralizedTime from then on, in its entries too', () => {
    const last = Date.UTC(2050, 0, 1) / 1000 - 1;
    const { crl } = testCrl({
      thisUpdate: last,
      nextUpdate: last + 1,
      revoked: [{ ...entry([1]), revokedAt: last + 1 }],
    });
    expect(readCrl(crl)).toMatchObject({ thisUpdate: last, nextUpdate: last + 1 });
    expect(hex(crl).match(/180f/g)).toHaveLength(2);
  });

  it('writes serials and numbers as they count, however many zeros stand before them', () => {
    const revoked = [entry([0, 0, 0x80]), entry([0, 0x7f]), entry([1, 0])];
    const read = readCrl(testCrl({ revoked, number: Uint8Array.of(0, 0, 0xff) }).crl);
    expect([...read.revoked.keys()]).toEqual(['7f', '0080', '0100']);
    expect(hex(read.number)).toBe('00ff');
  });

  it.each<[string, Partial<CrlTerms>]>([
    ['an end at its beginning', { nextUpdate: now }],
    ['half a second', { thisUpdate: now + 0.5 }],
    ['a number of zero', { number: Uint8Array.of(0) }],
    ['no number', { number: new Uint8Array() }],
    ['a number of 21 octets', { number: new Uint8Array(21).fill(1) }],
    ['a number of 20 octets whose sign would need another', { number: new Uint8Array(20).fill(0xff) }],
    ['a serial of zero', { revoked: [entry([0, 0])] }],
    ['a serial of 21 octets', { revoked: [entry(Array(21).fill(1))] }],
    ['a serial twice', { revoked: [entry([1, 2]), entry([3]), entry([1, 2], 'superseded')] }],
    ['a serial twice, once behind a zero', { revoked: [entry([0, 0x91]), entry([0x91])] }],
    ['a date before 1950', { revoked: [{ ...entry([1]), revokedAt: -1e9 }] }],
  ])('is refused for %s', (_, change) => {
    expect(() => testCrl(change)).toThrow(RangeError);
  });

  const revoked = fc.uniqueArray(
    fc.record({
      serial: fc
        .uint8Array({ minLength: 1, maxLength: 20 })
        .map((octets) => octets.with(0, (octets[0] ?? 0) & 0x7f || 1)),
      revokedAt: fc.integer({ min: 0, max: 4_000_000_000 }),
      reason: fc.constantFrom(...revocationReasons),
    }),
    { selector: ({ serial }) => hex(serial), maxLength: 40 },
  );

  it('says what it was told, in the order of serials, and the same bytes however it was told', () => {
    const { issuer } = testCrl().terms;
    fc.assert(
      fc.property(revoked, fc.uint8Array({ minLength: 1, maxLength: 19 }), (entries, digits) => {
        const terms = { issuer, number: Uint8Array.of(...digits, 1), thisUpdate: now, nextUpdate: now + 1 };
        const tbs = crlTbs({ ...terms, revoked: entries }, 'ecdsa-sha256');
        expect(hex(crlTbs({ ...terms, revoked: entries.toReversed() }, 'ecdsa-sha256'))).toBe(hex(tbs));
        lintCrlTbs(tbs, { ...terms, revoked: entries }, 'ecdsa-sha256');
      }),
      { numRuns: 300 },
    );
  });

  it('holds a hundred thousand entries, each in 53 octets, from a list that is gone through once', () => {
    const count = 100_000;
    const serials = Array.from({ length: count }, randomSerial);
    function* entries() {
      for (const serial of serials) yield { serial, revokedAt: now, reason: 'keyCompromise' as const };
    }
    const { tbs, terms } = testCrl({ revoked: entries() });
    const headers = 5 + 2; // of the list, and what the outer one grows by
    expect(tbs.length - testCrl().tbs.length).toBe(count * 53 + headers);
    expect(() => lintCrlTbs(tbs, { ...terms, revoked: entries() }, 'ecdsa-sha256')).not.toThrow();
  });

  it('is refused where it would not fit into a DER element', () => {
    function* endless() {
      for (let at = 1; ; at++) yield entry([at >> 16, (at >> 8) & 0xff, at & 0xff]);
    }
    const some = (count: number) => endless().take(count);
    expect(() => testCrl({ revoked: some(1000) })).not.toThrow();
    expect(() => testCrl({ revoked: some(900_000) })).toThrow(RangeError);
  });
});
