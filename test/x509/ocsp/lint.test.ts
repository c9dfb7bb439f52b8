import { describe, expect, it } from 'vitest';
import { finding, flipped } from '#test/x509/finding.ts';
import { now, signTbs, testMesh } from '#test/x509/mesh.ts';
import { certId, testOcsp } from '#test/x509/status.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { contextConstructed, tag } from '#x509/der/tags.ts';
import { bitString, element, explicit, integer, octetString, oid, sequence } from '#x509/der/writer.ts';
import { compareReleasedOcsp, lintOcspTbs } from '#x509/ocsp/lint.ts';
import { assembleOcsp, type OcspTerms, ocspFailure, ocspTbs, type StatusTerms } from '#x509/ocsp/response.ts';
import { assembleSigned } from '#x509/signed.ts';
import { generalizedTime } from '#x509/validity-time.ts';

const { intermediate } = testMesh();
const times = { thisUpdate: now, nextUpdate: now + 3600 };
const statuses: readonly [StatusTerms, StatusTerms, StatusTerms] = [
  { certId: certId(intermediate), status: 'good', ...times },
  {
    certId: certId(intermediate, { digest: 'sha256' }),
    status: { revokedAt: now - 60, reason: 'superseded' },
    ...times,
  },
  { certId: certId(intermediate, { serial: integer(8) }), status: 'unknown', ...times },
];
const { tbs, terms, response } = testOcsp({ statuses });
const algorithm = 'ecdsa-sha256';
const found = (bytes: Uint8Array, change: Partial<OcspTerms> = {}) =>
  finding(() => lintOcspTbs(bytes, { ...terms, ...change }));
const released = (bytes: Uint8Array) => finding(() => compareReleasedOcsp(bytes, tbs, terms, algorithm));
const second = (change: Partial<StatusTerms>) => ({ statuses: statuses.with(1, { ...statuses[1], ...change }) });

describe('lint of an OCSP response', () => {
  it('finds nothing in what was written', () => {
    expect([found(tbs), released(response)]).toEqual([undefined, undefined]);
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

  it.each<[string, string, Partial<OcspTerms>]>([
    ['responderID', 'another key', { keySha1: new Uint8Array(20) }],
    ['producedAt', 'another moment', { producedAt: now + 1 }],
    ['responses', 'a certificate less', { statuses: statuses.slice(0, 2) }],
    ['responses', 'a certificate more', { statuses: [...statuses, statuses[0]] }],
    ['certID', 'another order', { statuses: statuses.toReversed() }],
    ['certID', 'another certificate', second({ certId: statuses[0].certId })],
    ['certStatus', 'a good one', second({ status: 'good' })],
    ['certStatus', 'an unknown one', second({ status: 'unknown' })],
    ['certStatus', 'another date', second({ status: { revokedAt: now, reason: 'superseded' } })],
    ['certStatus', 'another reason', second({ status: { revokedAt: now - 60, reason: 'keyCompromise' } })],
    ['certStatus', 'no reason', second({ status: { revokedAt: now - 60, reason: 'unspecified' } })],
    ['thisUpdate', 'an earlier beginning', second({ thisUpdate: now - 1 })],
    ['nextUpdate', 'a later end', second({ nextUpdate: now + 7200 })],
  ])('names %s where the bytes have %s', (field, _, change) => {
    expect(found(ocspTbs({ ...terms, ...change }))).toBe(field);
    expect(found(tbs, change)).toBe(field);
  });

  it('refuses what is written where we write nothing: a version, a name, extensions, a reason that is unspecified', () => {
    const single = (...more: Uint8Array[]) => {
      const [{ certId: id }] = statuses;
      return sequence(id, element(0x80), generalizedTime(now), explicit(0, generalizedTime(now + 3600)), ...more);
    };
    const key = explicit(2, octetString(terms.keySha1));
    const data = (...parts: Uint8Array[]) =>
      finding(() => lintOcspTbs(sequence(...parts), { ...terms, statuses: [statuses[0]] }));
    const at = generalizedTime(now);
    const extensions = explicit(1, sequence(sequence(oid('1.2.3'), octetString())));
    expect(data(key, at, sequence(single()))).toBeUndefined();
    expect(data(explicit(0, integer(0)), key, at, sequence(single()))).toBe('malformed');
    expect(data(explicit(1, sequence()), at, sequence(single()))).toBe('malformed');
    expect(data(key, at, sequence(single()), extensions)).toBe('malformed');
    expect(data(key, at, sequence(single(extensions)))).toBe('malformed');
    expect(data(key, at, sequence())).toBe('malformed');

    const revoked = { ...statuses[0], status: { revokedAt: now } };
    const unspecified = explicit(0, element(tag.enumerated, Uint8Array.of(0)));
    const told = sequence(
      revoked.certId,
      element(contextConstructed(1), at, unspecified),
      at,
      explicit(0, generalizedTime(now + 3600)),
    );
    expect(finding(() => lintOcspTbs(sequence(key, at, sequence(told)), { ...terms, statuses: [revoked] }))).toBe(
      'certStatus',
    );
  });
});

describe('the finished OCSP response', () => {
  it('is caught where whoever signed it altered it first, though the signature fits', () => {
    const lie = testOcsp({ statuses: statuses.map((each) => ({ ...each, status: 'good' })) });
    expect(released(lie.response)).toBe('tbsResponseData');
    expect(finding(() => compareReleasedOcsp(lie.response, lie.tbs, terms, algorithm))).toBe('certStatus');
  });

  const basic = assembleSigned(tbs, algorithm, signTbs(tbs, algorithm, testMesh().intermediateKey));
  const enveloped = (inside: Uint8Array, status = 0, type = '1.3.6.1.5.5.7.48.1.1') =>
    sequence(element(tag.enumerated, Uint8Array.of(status)), explicit(0, sequence(oid(type), octetString(inside))));
  const identifier = algorithmIdentifier(algorithm);

  it.each<[string, string, Uint8Array]>([
    ['responseStatus', 'is not successful', enveloped(basic, 3)],
    ['responseStatus', 'is a failure', ocspFailure('tryLater')],
    ['responseType', 'is of another type', enveloped(basic, 0, '1.3.6.1.5.5.7.48.1.2')],
    ['signatureAlgorithm', 'is signed by another algorithm', assembleOcsp(tbs, 'ecdsa-sha384', Uint8Array.of(1))],
    ['signature', 'has no signature', enveloped(sequence(tbs, identifier, bitString(new Uint8Array())))],
    [
      'malformed',
      'carries certificates',
      enveloped(sequence(tbs, identifier, bitString(Uint8Array.of(1)), explicit(0, sequence(intermediate)))),
    ],
    ['malformed', 'has something behind it', Uint8Array.of(...response, 0)],
    ['malformed', 'has something behind what is signed', enveloped(Uint8Array.of(...basic, 5, 0))],
    ['malformed', 'has no response', sequence(element(tag.enumerated, Uint8Array.of(0)))],
  ])('is caught in %s where it %s', (field, _, bytes) => {
    expect(released(enveloped(basic))).toBeUndefined();
    expect(released(bytes)).toBe(field);
  });
});
