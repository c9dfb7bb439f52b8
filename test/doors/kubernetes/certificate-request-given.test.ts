import { sign } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { testAuthority } from '#test/support/software-ca.ts';
import { buildCsr, dns, ecKey, san, type TestKey } from '#test/x509/csr/build.ts';
import { readCertificate } from '#x509/certificate.ts';
import { sequence } from '#x509/der/writer.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { assembleSigned } from '#x509/signed.ts';
import { Door } from './certificate-requests/door.ts';
import { approved } from './certificate-requests/shop.ts';

const minute = 60_000;
const foreign = testAuthority({ commonName: 'Another CA' });
const csrFor = ({ name = 'web.shop.example', key }: { readonly name?: string; readonly key?: TestKey }) =>
  toPem('CERTIFICATE REQUEST', buildCsr({ ...(key && { key }), subject: sequence(), extensions: [san(dns(name))] }));

/** The same, by a key that is nobody's. */
function forged(pem: string): string {
  const { tbs } = readCertificate(readPem(pem, ['CERTIFICATE']));
  return toPem('CERTIFICATE', assembleSigned(tbs, 'ecdsa-sha256', sign('sha256', tbs, foreign.key)));
}

describe('the door of CertificateRequests, and a status that somebody else has written', () => {
  const opened: Door[] = [];
  afterEach(async () => {
    for (const door of opened.splice(0)) await door[Symbol.asyncDispose]();
  });
  async function open(): Promise<Door> {
    const door = await Door.open();
    opened.push(door);
    return door;
  }

  const certificate = (text: string) => Buffer.from(text).toString('base64');
  const other = { type: 'Ready', status: 'True', reason: 'Done', message: 'by somebody else' };

  it.each([
    ['taken away', []],
    ['turned into one that nobody waits for', [other]],
    ['set back to pending', [{ ...other, status: 'False', reason: 'Pending' }]],
  ])(
    'K §1.2.7: where our certificate stands and our Ready was %s, it is said again, and nothing is signed',
    async (_, ready) => {
      const door = await open();
      const uid = door.ask('web');
      await door.ended('web', 'Issued');
      const before = door.statusOf('web');
      door.say('web', { conditions: [approved, ...ready] });
      await door.ended('web', 'Issued');
      expect(door.conditionOf('web')).toMatchObject({ status: 'True', reason: 'Issued' });
      const { certificate, ca } = door.statusOf('web');
      expect({ certificate, ca }).toEqual({ certificate: before.certificate, ca: before.ca });
      expect(door.records('certificate.issued', uid)).toHaveLength(1);
      expect(door.records('certificate.denied', uid)).toEqual([]);
    },
  );

  it('K §1.2.7: what follows our certificate in the status, and roots that somebody else put there, are ours once more', async () => {
    const door = await open();
    door.ask('web');
    await door.ended('web', 'Issued');
    const before = door.statusOf('web');
    const ca = certificate('theirs');
    door.say('web', { conditions: [approved], certificate: certificate(door.certificateOf('web') + foreign.pem), ca });
    await door.ended('web', 'Issued');
    expect(door.statusOf('web')).toMatchObject({ certificate: before.certificate, ca: before.ca });
  });

  /** What somebody may put there, by what was issued for another request and for this one. */
  const wrongOnes: readonly (readonly [name: string, (door: Door) => string])[] = [
    ['no certificate', () => 'theirs'],
    ['one of another CA', () => foreign.pem],
    ['one that is ours but for the signature', (door) => forged(door.certificateOf('twin'))],
    ['one of ours for other names', (door) => door.certificateOf('other-names')],
    ['one of ours for other usages', (door) => door.certificateOf('other-usages')],
    ['one of ours for another key', (door) => door.certificateOf('other-key')],
  ];
  it.each(wrongOnes)(
    'K §1.2.7: one that was given %s is not signed again: it has failed, on the record, and keeps what it has',
    async (_, given) => {
      const door = await open();
      door.ask('twin');
      door.ask('other-names', { csr: csrFor({ name: 'other.shop.example' }) });
      door.ask('other-usages', { spec: { usages: ['digital signature', 'client auth'] } });
      door.ask('other-key', { csr: csrFor({ key: ecKey('P-256') }) });
      for (const name of ['twin', 'other-names', 'other-usages', 'other-key']) await door.ended(name, 'Issued');
      const theirs = certificate(given(door));
      const uid = door.ask('web', { status: {} });
      door.say('web', { conditions: [approved], certificate: theirs });
      await door.ended('web', 'Failed');
      expect(door.statusOf('web').certificate).toBe(theirs);
      expect(door.conditionOf('web', 'InvalidRequest')).toMatchObject({ status: 'True' });
      expect(door.records('certificate.issued', uid)).toEqual([]);
      expect(door.records('certificate.denied', uid)).toHaveLength(1);
    },
  );

  it('K §1.2.7: one that was ours and has ended is not said to be issued', async () => {
    const door = await open();
    door.ask('web', { spec: { duration: '1h' } });
    await door.ended('web', 'Issued');
    door.pass(2 * 60 * minute);
    door.say('web', { conditions: [approved] });
    await door.live(minute);
    expect(door.reasonOf('web')).toBe('Failed');
  });

  it('K-7: a Ready that somebody else forged in words of their own is no end: it is signed', async () => {
    const door = await open();
    const uid = door.ask('web', { status: {} });
    door.say('web', { conditions: [approved, other] });
    await door.ended('web', 'Issued');
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
  });
});
