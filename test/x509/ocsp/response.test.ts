import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { now } from '#test/x509/mesh.ts';
import { certId, testOcsp } from '#test/x509/status.ts';
import { element, integer } from '#x509/der/writer.ts';
import { lintOcspTbs } from '#x509/ocsp/lint.ts';
import {
  assembleOcsp,
  type CertStatus,
  type OcspFailure,
  type OcspTerms,
  ocspFailure,
  ocspTbs,
  type StatusTerms,
} from '#x509/ocsp/response.ts';
import { revocationReasons } from '#x509/revocation-reason.ts';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const bare = (text: string) => text.replaceAll(' ', '');
const { terms, issuer } = testOcsp();
const time = (text: string) => `180f${Buffer.from(text).toString('hex')}`;
const noon = time('20261121120000Z');

const telling = (status: CertStatus): Partial<OcspTerms> => ({
  statuses: terms.statuses.map((each) => ({ ...each, status })),
});

describe('an OCSP response', () => {
  it.each<[string, CertStatus, string]>([
    ['good', 'good', '8000'],
    ['unknown', 'unknown', '8200'],
    ['revoked', { revokedAt: now }, `a111 ${noon}`],
    ['revoked without a reason to tell', { revokedAt: now, reason: 'unspecified' }, `a111 ${noon}`],
    ['revoked for a reason', { revokedAt: now, reason: 'keyCompromise' }, `a116 ${noon} a003 0a0101`],
  ])('RFC 6960 4.2.1: by key, of a certificate that is %s, octet for octet', (_, status, told) => {
    const single = bare(`${hex(certId(issuer))} ${told} ${noon} a011 ${time('20261121130000Z')}`);
    const list = `30${(single.length / 2).toString(16)} ${single}`.replace(/^30([89a-f].)/, '3081$1');
    const responses = `30${(bare(list).length / 2).toString(16)} ${list}`.replace(/^30([89a-f].)/, '3081$1');
    expect(hex(testOcsp(telling(status)).tbs).slice(6)).toBe(
      bare(`a216 0414 ${hex(terms.keySha1)} ${noon} ${responses}`),
    );
  });

  it('RFC 6960 4.2.2.1: has GeneralizedTime before 2050 and after', () => {
    const late = Date.UTC(2050, 0, 1) / 1000;
    const written = hex(testOcsp({ producedAt: late }).tbs);
    expect(written).toContain(time('20500101000000Z'));
    expect(written).not.toContain('170d');
  });

  it('RFC 6960 4.2.1: is successful, of the basic type, and has no certificates', () => {
    const { tbs } = testOcsp();
    const signed = bare(`${hex(tbs)} 300506032b6570 03020001`);
    const basic = `3081${(signed.length / 2).toString(16)}${signed}`;
    const whole = hex(assembleOcsp(tbs, 'ed25519', Uint8Array.of(1)));
    expect(whole.endsWith(basic)).toBe(true);
    expect(whole.slice(0, -basic.length)).toMatch(/^3081..0a0100a081..3081..06092b06010505073001010481..$/);
  });

  it.each<[OcspFailure, string]>([
    ['malformedRequest', '30030a0101'],
    ['internalError', '30030a0102'],
    ['tryLater', '30030a0103'],
    ['unauthorized', '30030a0106'],
  ])('RFC 6960 4.2.1: nobody signs %s', (failure, octets) => {
    expect(hex(ocspFailure(failure))).toBe(octets);
  });

  const changed = (change: Partial<StatusTerms>): Partial<OcspTerms> => ({
    statuses: terms.statuses.map((each) => ({ ...each, ...change })),
  });
  it.each<[string, Partial<OcspTerms>]>([
    ['no certificate', { statuses: [] }],
    ['another hash of its key', { keySha1: new Uint8Array(32) }],
    ['half a second', { producedAt: now + 0.5 }],
    ['an end at its beginning', changed({ nextUpdate: now })],
    ['an end beyond all years', changed({ nextUpdate: 253402300800 })],
    ['a revocation before 1950', changed({ status: { revokedAt: -1e9 } })],
  ])('is refused for %s', (_, change) => {
    expect(() => testOcsp(change)).toThrow(RangeError);
  });

  it('says what it was told, of several too', () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    const status: fc.Arbitrary<CertStatus> = fc.oneof(
      fc.constantFrom('good' as const, 'unknown' as const),
      fc.record({ revokedAt: seconds, reason: fc.constantFrom(...revocationReasons) }),
      fc.record({ revokedAt: seconds }),
    );
    const each = fc.record({
      certId: fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }).map((serial) => certId(issuer, { serial: integer(serial) })),
      status,
      thisUpdate: seconds,
      nextUpdate: fc.constant(4_000_000_001),
    });
    fc.assert(
      fc.property(fc.array(each, { minLength: 1, maxLength: 16 }), seconds, (statuses, producedAt) => {
        const told = { ...terms, statuses, producedAt };
        lintOcspTbs(ocspTbs(told), told);
      }),
      { numRuns: 200 },
    );
  });

  it('repeats what it was asked as it was asked, whatever that is', () => {
    const strange = element(0x30, Uint8Array.of(5, 0));
    expect(hex(testOcsp(changed({ certId: strange })).tbs)).toContain(`${hex(strange)}8000`);
  });
});
