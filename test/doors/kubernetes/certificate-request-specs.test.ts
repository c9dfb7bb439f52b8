import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { basicConstraints, buildCsr, extendedKeyUsage, keyUsage } from '#test/x509/csr/build.ts';
import { readCertificate } from '#x509/certificate.ts';
import { bitString, boolean } from '#x509/der/writer.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { Door } from './certificate-requests/door.ts';
import { type AskOptions, csrOf } from './certificate-requests/shop.ts';

// bits by their numbers
const digitalSignature = 1 << 0;
const keyEncipherment = 1 << 2;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';
const spec = (usages: readonly string[]) => ({ spec: { usages } });

/** How a request ends that cannot be given: once, and nothing is signed. */
async function failure(asked: AskOptions): Promise<Door> {
  const door = await Door.open();
  door.ask('web', asked);
  await door.ended('web', 'Failed');
  expect(door.records('certificate.issued')).toEqual([]);
  expect(door.rig.log.size).toBe(1);
  return door;
}

async function certificate(asked: AskOptions): Promise<X509Certificate> {
  await using door = await Door.open();
  door.ask('web', asked);
  await door.ended('web', 'Issued');
  return new X509Certificate(door.certificateOf('web'));
}

const secondsOf = ({ validFromDate, validToDate }: X509Certificate) =>
  (validToDate.getTime() - validFromDate.getTime()) / 1000;

describe('the door of CertificateRequests, and what they say', () => {
  it.each([{}, spec([])])('K-17: without usages it is for digitalSignature and keyEncipherment', async (asked) => {
    const { keyUsage: uses, extendedKeyUsage: purposes } = readCertificate(
      readPem((await certificate(asked)).toString(), ['CERTIFICATE']),
    );
    expect([uses, purposes]).toEqual([['digitalSignature', 'keyEncipherment'], undefined]);
  });

  it('K-18: a CSR that says of its uses what the request says is given them', async () => {
    const csr = csrOf(keyUsage(digitalSignature), extendedKeyUsage(clientAuth, serverAuth));
    const { keyUsage: purposes } = await certificate({ csr, ...spec(['client auth', 'signing', 'server auth']) });
    expect(purposes).toEqual([clientAuth, serverAuth]);
  });

  it.each([
    ['more uses', csrOf(keyUsage(digitalSignature | keyEncipherment), extendedKeyUsage(serverAuth))],
    ['other uses', csrOf(keyUsage(keyEncipherment), extendedKeyUsage(serverAuth))],
    ['the purposes in another order', csrOf(keyUsage(digitalSignature), extendedKeyUsage(clientAuth, serverAuth))],
    ['fewer purposes', csrOf(keyUsage(digitalSignature), extendedKeyUsage(serverAuth))],
    ['no purposes', csrOf(keyUsage(digitalSignature))],
    ['no uses', csrOf(extendedKeyUsage(serverAuth, clientAuth))],
  ])('K-18: a CSR with %s than the request has failed', async (_, csr) => {
    await using door = await failure({ csr, ...spec(['digital signature', 'server auth', 'client auth']) });
    expect(door.messageOf('web')).toMatch(/^the CSR's (extended)?keyUsage is /i);
    expect(door.conditionOf('web', 'InvalidRequest')).toMatchObject({ status: 'True' });
  });

  it('K-19: a CSR of a CA where the request is for none has failed', async () => {
    await using door = await failure({ csr: csrOf(basicConstraints(boolean(true))) });
    expect(door.messageOf('web')).toBe('basicConstraints asks for a CA certificate');
    expect(door.conditionOf('web', 'InvalidRequest')).toMatchObject({ status: 'True' });
  });

  it('K-19: a request for a CA fails where the issuer gives none, and is told whose spec says so', async () => {
    await using door = await failure({ spec: { isCA: true } });
    expect(door.messageOf('web')).toBe('Issuer mesh gives no CA certificates: its spec.isCA is false');
    expect(door.conditionOf('web', 'InvalidRequest')).toBeUndefined();
  });

  it.each([
    ['30m', 1_800],
    ['1h30m0s', 5_400],
    ['896h', 896 * 3_600],
    ['3600.4s', 3_600],
  ])('K-20: for %s it lives %i s from notBefore to notAfter', async (duration, seconds) => {
    await using door = await Door.open();
    door.ask('web', { spec: { duration } });
    await door.ended('web', 'Issued');
    // the CA of the test ends in 29 days
    const most = 29 * 86_400 + 120;
    expect(secondsOf(new X509Certificate(door.certificateOf('web')))).toBe(Math.min(seconds, most));
  });

  it('K-20: without a duration it lives as long as the issuer says, and past no maximum of it', async () => {
    await using door = await Door.open();
    door.issuer('short', { defaultDuration: '2h', maxDuration: '3h' });
    const issuerRef = { group: 'countersign.dev', kind: 'Issuer', name: 'short' };
    door.ask('usual', { spec: { issuerRef } });
    door.ask('long', { spec: { issuerRef, duration: '24h' } });
    await Promise.all([door.ended('usual', 'Issued'), door.ended('long', 'Issued')]);
    expect(secondsOf(new X509Certificate(door.certificateOf('usual')))).toBe(2 * 3_600);
    expect(secondsOf(new X509Certificate(door.certificateOf('long')))).toBe(3 * 3_600);
  });

  it('K-21: nothing lives longer than the CA', async () => {
    await using door = await Door.open();
    door.ask('web');
    await door.ended('web', 'Issued');
    const { validToDate } = new X509Certificate(door.certificateOf('web'));
    const [above = ''] = door.rig.issuer.intermediates;
    expect(validToDate.getTime()).toBe(new X509Certificate(above).validToDate.getTime());
  });

  it.each(['soon', '90d', '1', '-1h', '0s', '0.4s', '1h-30m', `${'9'.repeat(400)}h`, 'Infinityh', ' 1h'])(
    'a duration such as %j is no lifetime',
    async (duration) => {
      await using door = await failure({ spec: { duration } });
      expect(door.messageOf('web')).toMatch(/^duration: ".*" is no lifetime; right would be such as 2160h or 1h30m$/);
      expect(door.conditionOf('web', 'InvalidRequest')).toMatchObject({ status: 'True' });
    },
  );

  it.each([
    [['digital signature', 'digitalSignature'], 'digitalSignature'],
    [['Server Auth'], 'Server Auth'],
    [['constructor'], 'constructor'],
    [[''], ''],
    [[7], '7'],
    [['x'.repeat(10_000)], 'x'.repeat(100)],
  ])('usages %j are not known, and the request is told which', async (usages, named) => {
    await using door = await failure({ spec: { usages } });
    expect(door.messageOf('web')).toBe(
      `usages: ${JSON.stringify(named)} is not known; right would be such as "digital signature"`,
    );
  });

  it.each([
    [
      'a signature that is not its own',
      toPem('CERTIFICATE REQUEST', buildCsr({ signature: () => bitString(Buffer.alloc(70)) })),
    ],
    ['two blocks', csrOf() + csrOf()],
    ['text after it', `${csrOf()}more`],
    ['octets after it', toPem('CERTIFICATE REQUEST', Buffer.concat([buildCsr(), Buffer.from([0])]))],
    ['another label', csrOf().replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')],
    ['nothing', ''],
    ['no PEM', 'a request'],
  ])('K-28: a CSR with %s has failed, and is said to be invalid', async (_, csr) => {
    await using door = await failure({ csr });
    expect(door.conditionOf('web', 'InvalidRequest')).toMatchObject({ status: 'True', reason: 'Refused' });
    expect(door.statusOf('web').failureTime).toBe('2026-11-21T12:00:00Z');
  });
});
