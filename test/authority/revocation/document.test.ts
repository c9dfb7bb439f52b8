import { describe, expect, it } from 'vitest';
import { readRevocations } from '#authority/revocation/document.ts';
import { complaintOf } from '#test/config/complaint.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const head = 'apiVersion: countersign.dev/v1\nkind: Revocations\ncertificates:\n';
const keyId = '9d8c7b6a594837261504f3e2d1c0bfae9d8c7b6a';
const good = `  - serial: "5f3a09c1"\n    issuer: "${keyId}"\n    requestedBy: alice\n`;
const read = (text: string) => readRevocations([{ file: 'revocations.yaml', text }], now);

describe('what is to be revoked', () => {
  it('is read with serial and key as openssl shows them, or as the log does', () => {
    const colons = keyId.toUpperCase().replace(/..(?=.)/g, '$&:');
    const text = `${head}  - serial: "00:9F:01"\n    issuer: "${colons}"\n    reason: keyCompromise\n    revokedAt: 2026-11-20T10:00:00Z\n    requestedBy: alice\n    ticket: INC-1\n    notAfter: 2027-01-01T00:00:00.5Z\n    key: ${'ab'.repeat(32)}\n`;
    expect(read(text)).toEqual([
      {
        serial: '9f01',
        issuerKeyId: keyId,
        reason: 'keyCompromise',
        revokedAt: Date.parse('2026-11-20T10:00:00Z') / 1000,
        requestedBy: 'alice',
        ticket: 'INC-1',
        notAfter: Date.parse('2027-01-01T00:00:00Z') / 1000,
        spkiSha256: 'ab'.repeat(32),
      },
    ]);
  });

  it('has no reason but unspecified where none is given, and no time but that of its record', () => {
    expect(read(head + good)).toEqual([
      { serial: '5f3a09c1', issuerKeyId: keyId, reason: 'unspecified', requestedBy: 'alice' },
    ]);
    expect(read(`${head.trimEnd()} []\n`)).toEqual([]);
  });

  const faults: readonly [why: string, text: string, complaint: RegExp][] = [
    ['a hold', good.replace('requestedBy', 'reason: certificateHold\n    requestedBy'), /reason: .*keyCompromise/],
    ['a way back', good.replace('requestedBy', 'reason: removeFromCRL\n    requestedBy'), /reason/],
    ['a serial of zero', good.replace('5f3a09c1', '00:00'), /serial: no certificate has the serial number 0/],
    ['a decimal serial that looks like a number', good.replace('"5f3a09c1"', '5931'), /serial/],
    ['a serial of 21 octets', good.replace('5f3a09c1', 'ab'.repeat(21)), /serial/],
    ['no issuer', good.replace(/ {4}issuer.*\n/, ''), /issuer/],
    ['an issuer by its name', good.replace(keyId, 'mesh'), /issuer: .*authorityKeyIdentifier/],
    ['nobody who asked for it', good.replace(/ {4}requestedBy.*\n/, ''), /requestedBy/],
    ['a time to come', `${good}    revokedAt: 2026-11-22T12:00:01Z\n`, /revokedAt: this time is still to come/],
    ['a day that there is not', `${good}    notAfter: 2026-02-31T25:00:00Z\n`, /notAfter: .* is no time that there is/],
    ['a time of another zone', `${good}    revokedAt: 2026-11-22T11:00:00+01:00\n`, /revokedAt/],
    ['a field nobody knows', `${good}    requestedby: bob\n`, /requestedby/],
    ['the same one twice', good + good.replace('5f3a09c1', '5F:3A:09:C1'), /certificates\.1\.serial|listed twice/],
  ];
  it.each(faults)('is refused whole for %s', (_, text, complaint) => {
    expect(complaintOf(() => read(head + text))).toMatch(complaint);
  });

  it('is refused where two files name one certificate', () => {
    const files = ['a.yaml', 'b.yaml'].map((file) => ({ file, text: head + good }));
    expect(complaintOf(() => readRevocations(files, now))).toMatch(/listed twice/);
  });
});
