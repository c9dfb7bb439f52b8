import { describe, expect, it } from 'vitest';
import { dns, extension } from '#test/x509/csr/build.ts';
import { now } from '#test/x509/mesh.ts';
import { testCrl } from '#test/x509/status.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { contextConstructed, contextPrimitive, tag } from '#x509/der/tags.ts';
import {
  bitString,
  boolean,
  element,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
} from '#x509/der/writer.ts';
import { timeLength, writeTime } from '#x509/validity-time.ts';

const identifier = algorithmIdentifier('ecdsa-sha256');
const time = (seconds: number) => {
  const out = new Uint8Array(timeLength(seconds));
  writeTime(out, 0, seconds);
  return out;
};
const none = new Uint8Array();
const number = extension('2.5.29.20', integer(7));
const keyId = extension('2.5.29.35', sequence(implicit(0, Uint8Array.of(1, 2))));
const reason = (code: number) => extension('2.5.29.21', element(tag.enumerated, Uint8Array.of(code)));
const entry = (...extensions: Uint8Array[]) =>
  sequence(integer(9), time(now), ...(extensions.length ? [sequence(...extensions)] : []));

const parts = {
  version: integer(1),
  signature: identifier as Uint8Array,
  issuer: sequence(),
  thisUpdate: time(now),
  nextUpdate: time(now + 1),
  revoked: none,
  extensions: explicit(0, sequence(number)) as Uint8Array,
  more: none,
};
const list = (change: Partial<Record<keyof typeof parts, Uint8Array>> = {}) =>
  sequence(
    sequence(...Object.values({ ...parts, ...change })),
    change.signature ?? identifier,
    bitString(Uint8Array.of(1)),
  );
const revoking = (...entries: Uint8Array[]) => list({ revoked: sequence(...entries) });
const extended = (...extensions: Uint8Array[]) => list({ extensions: explicit(0, sequence(...extensions)) });

function refusedField(der: Uint8Array): string | undefined {
  try {
    readCrl(der);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CertificateError)) throw thrown;
    return thrown.field;
  }
}

describe('reading a CRL', () => {
  it('takes the least that a CRL of version 2 has', () => {
    const read = readCrl(list());
    expect(read).toMatchObject({ thisUpdate: now, nextUpdate: now + 1, extensions: ['2.5.29.20'] });
    expect([read.number, read.authorityKeyId, read.revoked.size]).toEqual([Uint8Array.of(7), undefined, 0]);
  });

  it('RFC 5280 5.3: gives date and reason of each entry, and counts what else it says', () => {
    const invalidity = extension('2.5.29.24', element(tag.generalizedTime, Buffer.from('20261101000000Z')));
    const other = sequence(integer(0x80), time(now - 1));
    expect([...readCrl(revoking(entry(reason(4), invalidity), other)).revoked]).toEqual([
      ['09', { revokedAt: now, reason: 'superseded', extensions: 2 }],
      ['0080', { revokedAt: now - 1, reason: undefined, extensions: 0 }],
    ]);
  });

  it('passes over extensions that it does not know and that are not critical', () => {
    expect(readCrl(extended(keyId, number, extension('1.2.3', sequence()))).extensions).toHaveLength(3);
  });

  it.each<[string, string, Uint8Array]>([
    ['certificateList', 'nothing', none],
    ['certificateList', 'an octet behind it', Uint8Array.of(...list(), 0)],
    ['tbsCertList', 'a list that is a SET', sequence(element(tag.set), identifier, bitString(Uint8Array.of(1)))],
    ['version', 'version 1', list({ version: none })],
    ['version', 'version 3', list({ version: integer(2) })],
    [
      'signature',
      'another algorithm inside',
      sequence(sequence(...Object.values(parts)), algorithmIdentifier('ed25519'), bitString(Uint8Array.of(1))),
    ],
    ['issuer', 'an issuer that is none', list({ issuer: sequence(sequence()) })],
    ['nextUpdate', 'no next one', list({ nextUpdate: none })],
    ['revokedCertificates', 'an empty list', list({ revoked: sequence() })],
    ['revokedCertificates', 'a serial twice', revoking(entry(), entry(reason(1)))],
    ['revokedCertificates', 'an entry without a date', revoking(sequence(integer(1)))],
    [
      'revokedCertificates',
      'an entry with no extension in its extensions',
      revoking(sequence(integer(1), time(now), sequence())),
    ],
    [
      'revokedCertificates',
      'something behind an entry',
      revoking(sequence(integer(1), time(now), sequence(reason(1)), integer(1))),
    ],
    ['reasonCode', 'removeFromCRL', revoking(entry(reason(8)))],
    ['reasonCode', 'a reason without a name', revoking(entry(reason(7)))],
    ['reasonCode', 'a reason beyond all', revoking(entry(reason(11)))],
    ['reasonCode', 'a reason that is an INTEGER', revoking(entry(extension('2.5.29.21', integer(1))))],
    ['reasonCode', 'two reasons', revoking(entry(reason(1), reason(1)))],
    [
      'reasonCode',
      'a critical reason',
      revoking(entry(extension('2.5.29.21', element(tag.enumerated, Uint8Array.of(1)), true))),
    ],
    ['2.5.29.29', 'another issuer of an entry', revoking(entry(extension('2.5.29.29', sequence(dns('a')), true)))],
    ['crlExtensions', 'no extension in the extensions', extended()],
    ['cRLNumber', 'no extensions', list({ extensions: none })],
    ['cRLNumber', 'no number', extended(keyId)],
    ['cRLNumber', 'a critical number', extended(extension('2.5.29.20', integer(7), true))],
    ['cRLNumber', 'two numbers', extended(number, number)],
    ['cRLNumber', 'a negative number', extended(extension('2.5.29.20', element(tag.integer, Uint8Array.of(0xff))))],
    [
      'cRLNumber',
      'a number of 21 octets',
      extended(extension('2.5.29.20', element(tag.integer, new Uint8Array(21).fill(1)))),
    ],
    ['cRLNumber', 'something behind the number', extended(extension('2.5.29.20', Uint8Array.of(...integer(7), 5, 0)))],
    [
      'cRLNumber',
      'critical FALSE written out',
      extended(sequence(oid('2.5.29.20'), boolean(false), octetString(integer(7)))),
    ],
    [
      'authorityKeyIdentifier',
      'a serial without an issuer',
      extended(extension('2.5.29.35', sequence(element(contextPrimitive(2), Uint8Array.of(1)))), number),
    ],
    ['2.5.29.27', 'a delta', extended(number, extension('2.5.29.27', integer(1), true))],
    [
      '2.5.29.28',
      'a part',
      extended(number, extension('2.5.29.28', sequence(element(contextPrimitive(1), Uint8Array.of(0xff))), true)),
    ],
    ['crlExtensions', 'something behind the extensions', list({ more: element(contextConstructed(1)) })],
  ])('refuses in %s: %s', (field, _, der) => {
    expect(refusedField(der)).toBe(field);
  });

  it('refuses every truncation', () => {
    const { crl } = testCrl({ revoked: [{ serial: Uint8Array.of(5), revokedAt: now, reason: 'superseded' }] });
    expect(refusedField(crl)).toBeUndefined();
    for (let length = 0; length < crl.length; length++) expect(refusedField(crl.subarray(0, length))).toBeDefined();
  });
});
