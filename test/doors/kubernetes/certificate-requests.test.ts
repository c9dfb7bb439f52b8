import { afterEach, describe, expect, it } from 'vitest';
import { Door, type DoorOptions } from './certificate-requests/door.ts';
import { approved } from './certificate-requests/shop.ts';

const denied = { type: 'Denied', status: 'True', reason: 'Test', message: 'not today' };
const invalid = { type: 'InvalidRequest', status: 'True', reason: 'Test', message: '' };
const minute = 60_000;

describe('the door of CertificateRequests, and whose they are', () => {
  const opened: Door[] = [];
  afterEach(async () => {
    for (const door of opened.splice(0)) await door[Symbol.asyncDispose]();
  });
  async function open(options: DoorOptions = {}): Promise<Door> {
    const door = await Door.open(options);
    opened.push(door);
    return door;
  }

  describe.each([true, false])('where it can be selected by field: %s', (selects) => {
    async function opened(): Promise<Door> {
      const door = new Door();
      door.api.selects = selects;
      door.issuer('mesh');
      await door.start();
      return door;
    }

    it.each([
      ['K-1: of another group', { group: 'ca.example.com', kind: 'Issuer', name: 'mesh' }],
      ['K-1: of an empty group', { group: '', kind: 'Issuer', name: 'mesh' }],
      ['K-1: of no group', { kind: 'Issuer', name: 'mesh' }],
      ['K-1: of a group that only ends as ours', { group: 'x.countersign.dev', kind: 'Issuer', name: 'mesh' }],
      ['K-2: of an unknown kind in our group', { group: 'countersign.dev', kind: 'issuer', name: 'mesh' }],
      ['K-2: of a kind that is its own plural', { group: 'countersign.dev', kind: 'issuers', name: 'mesh' }],
      ['without a name', { group: 'countersign.dev', kind: 'Issuer' }],
    ])('%s it is never written to, approved or denied', async (_, issuerRef) => {
      await using door = await opened();
      door.ask('foreign', { spec: { issuerRef } });
      door.ask('foreign-denied', { spec: { issuerRef }, status: { conditions: [denied] } });
      door.ask('own');
      await door.ended('own', 'Issued');
      expect(door.writesTo('foreign')).toEqual([]);
      expect(door.writesTo('foreign-denied')).toEqual([]);
      expect(door.api.events.filter(({ regarding }) => /foreign/.test(JSON.stringify(regarding)))).toEqual([]);
    });

    it.each(['', undefined])('K-2: kind %j is Issuer', async (kind) => {
      await using door = await opened();
      door.ask('web', { spec: { issuerRef: { group: 'countersign.dev', kind, name: 'mesh' } } });
      await door.ended('web', 'Issued');
    });
  });

  it('K-3: unapproved it stays without a certificate for a minute, and is signed at once when it is approved', async () => {
    const door = await open();
    door.ask('web', { status: {} });
    await door.live(minute);
    expect([door.writesTo('web'), door.records('certificate.issued'), door.statusOf('web')]).toEqual([[], [], {}]);
    door.ask('web', { status: { conditions: [approved] } });
    await door.ended('web', 'Issued');
    expect(door.writesTo('web')).toHaveLength(1);
  });

  it('an Approved that is not True approves nothing', async () => {
    const door = await open();
    door.ask('web', { status: { conditions: [{ ...approved, status: 'False' }] } });
    door.ask('own');
    await door.ended('own', 'Issued');
    expect(door.writesTo('web')).toEqual([]);
  });

  it.each([
    ['K-4: denied without ever being approved', [denied]],
    ['K-5: approved and denied', [approved, denied]],
    ['K-5: denied and approved', [denied, approved]],
  ])('%s it gets Ready=False/Denied and failureTime, and no certificate ever', async (_, conditions) => {
    const door = await open();
    const uid = door.ask('web', { status: { conditions } });
    await door.ended('web', 'Denied');
    expect(door.conditionOf('web')).toMatchObject({ status: 'False', message: 'the request was denied: not today' });
    expect(door.statusOf('web')).toMatchObject({ failureTime: '2026-11-21T12:00:00Z' });
    door.lead();
    await door.live(10 * minute);
    expect(door.writesTo('web')).toHaveLength(1);
    expect(door.statusOf('web').certificate).toBeUndefined();
    expect(door.records('certificate.issued', uid)).toEqual([]);
  });

  it('K-5: what is denied while it waits is no longer signed', async () => {
    const door = await open();
    door.outage = 'signer.unavailable';
    const uid = door.ask('web');
    await door.ended('web', 'Pending');
    door.say('web', { conditions: [approved, denied] });
    await door.ended('web', 'Denied');
    door.outage = undefined;
    await door.live(10 * minute);
    expect(door.records('certificate.issued', uid)).toEqual([]);
  });

  it('K-5: what is denied where no watch has told of it yet is not signed', async () => {
    const door = await open();
    door.outage = 'signer.unavailable';
    const uid = door.ask('web');
    await door.ended('web', 'Pending');
    const release = door.api.hold();
    door.say('web', { conditions: [approved, denied] });
    door.outage = undefined;
    await door.live(minute);
    expect(door.reasonOf('web')).toBe('Denied');
    release();
    expect(door.records('certificate.issued', uid)).toEqual([]);
  });

  it.each([
    ['approved', [approved, invalid]],
    ['denied', [denied, invalid]],
  ])('K-6: InvalidRequest blocks what is %s, and nothing is changed', async (_, conditions) => {
    const door = await open();
    door.ask('web', { status: { conditions } });
    door.ask('own');
    await door.ended('own', 'Issued');
    expect(door.writesTo('web')).toEqual([]);
    expect(door.statusOf('web')).toEqual({ conditions });
  });

  it.each(['Issued', 'Failed', 'Denied'])(
    'K-10: one whose Ready says %s, whoever said it, is left as it is',
    async (reason) => {
      const door = await open();
      const ready = { type: 'Ready', status: 'False', reason, message: 'by somebody else' };
      door.ask('web', { status: { conditions: [approved, ready] } });
      door.ask('own');
      await door.ended('own', 'Issued');
      expect(door.writesTo('web')).toEqual([]);
    },
  );

  it('one that is being deleted is left as it is', async () => {
    const door = await open();
    door.ask('web', { metadata: { deletionTimestamp: '2026-11-21T11:59:00Z', finalizers: ['test/keep'] } });
    door.ask('own');
    await door.ended('own', 'Issued');
    expect(door.writesTo('web')).toEqual([]);
  });
});
