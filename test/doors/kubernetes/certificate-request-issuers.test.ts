import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { Door, type DoorOptions } from './certificate-requests/door.ts';

const minute = 60_000;
const isWatchOf = (plural: string) => (path: string) => path.endsWith(`/${plural}`);

/** Its Issuer `mesh` is not there yet. */
function without(options: DoorOptions = {}): Door {
  const door = new Door(options);
  door.issuer('other');
  door.requests.start();
  door.issuers.start();
  return door;
}

describe('the door of CertificateRequests, and the issuers that they name', () => {
  it('K-29: without its issuer a request is pending and says which is missing; once that is there it is signed, untouched', async () => {
    await using door = without();
    const uid = door.ask('web');
    await door.ended('web', 'Pending');
    expect(door.messageOf('web')).toMatch(/^there is no Issuer mesh/);
    await door.live(60 * minute);
    expect(door.writesTo('web')).toHaveLength(1);
    door.issuer('mesh');
    await door.ended('web', 'Issued');
    expect(door.writesTo('web')).toHaveLength(2);
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
  });

  it('K-29: a ClusterIssuer of that name is another, and so is an Issuer of another namespace', async () => {
    await using door = without();
    door.clusterIssuer('mesh');
    door.issuer('mesh', {}, { namespace: 'bank' });
    door.ask('web');
    await door.live(minute);
    expect(door.reasonOf('web')).toBe('Pending');
    door.ask('cluster', { spec: { issuerRef: { group: 'countersign.dev', kind: 'ClusterIssuer', name: 'mesh' } } });
    await door.ended('cluster', 'Issued');
  });

  it.each(['bank/mesh', '../bank/mesh', 'bank/mesh/', '/mesh'])(
    'a name such as %j leads to no issuer of another namespace',
    async (name) => {
      await using door = without();
      door.issuer('mesh', {}, { namespace: 'bank' });
      door.clusterIssuer('mesh');
      for (const kind of ['Issuer', 'ClusterIssuer'])
        door.ask(kind.toLowerCase(), { spec: { issuerRef: { group: 'countersign.dev', kind, name } } });
      await door.live(minute);
      expect([door.reasonOf('issuer'), door.reasonOf('clusterissuer')]).toEqual(['Pending', 'Pending']);
      expect(door.records('certificate.issued')).toEqual([]);
    },
  );

  it('K-30: its Ready says which generation was looked at, and requests wait for the newest', async () => {
    let fault: string | undefined;
    await using door = await Door.open({ judge: () => fault });
    expect(door.readyOf('mesh')).toMatchObject({ status: 'True', reason: 'Checked', observedGeneration: 1 });
    fault = 'spec.issuer: the server has no such issuer';
    const release = door.api.hold();
    door.issuer('mesh', { issuer: 'nowhere' }, { generation: 2 });
    door.ask('web');
    release();
    await door.ended('web', 'Pending');
    expect(door.readyOf('mesh')).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: fault,
      observedGeneration: 2,
    });
    await until(() => door.messageOf('web') === `Issuer mesh is not ready: ${fault}`);
    fault = undefined;
    door.issuer('mesh', {}, { generation: 3 });
    await door.ended('web', 'Issued');
    expect(door.readyOf('mesh')).toMatchObject({ status: 'True', observedGeneration: 3 });
  });

  it('K-30: what was asked for before the issuer changed is given by what it says now', async () => {
    await using door = await Door.open();
    door.outage = 'signer.unavailable';
    door.ask('web', { spec: { duration: '3h' } });
    await door.ended('web', 'Pending');
    door.issuer('mesh', { maxDuration: '1h', defaultDuration: '1h' }, { generation: 2 });
    await door.settled();
    door.outage = undefined;
    await door.live(2 * minute);
    const { validFromDate, validToDate } = new X509Certificate(door.certificateOf('web'));
    expect((validToDate.getTime() - validFromDate.getTime()) / 1000).toBe(3_600);
  });

  it('K-30: a status that stands there is not written again, whatever changes beside it', async () => {
    await using door = await Door.open();
    door.lead();
    await door.live(10 * minute);
    door.issuer('other');
    await door.live(minute);
    const writes = door.api.writes.filter(({ path }) => path.endsWith('/issuers/mesh/status'));
    expect(writes).toHaveLength(1);
  });

  it('K-30: its time moves with its status alone', async () => {
    let fault: string | undefined = 'first';
    await using door = new Door({ judge: () => fault });
    door.issuer('mesh');
    door.issuers.start();
    await until(() => door.readyOf('mesh') !== undefined);
    const first = door.readyOf('mesh');
    await door.live(minute);
    fault = 'second';
    door.issuers.refresh();
    await until(() => JSON.stringify(door.readyOf('mesh')).includes('second'));
    expect(door.readyOf('mesh')).toEqual({ ...Object(first), message: 'second' });
    fault = undefined;
    door.issuers.refresh();
    await until(() => JSON.stringify(door.readyOf('mesh')).includes('Checked'));
    expect(door.readyOf('mesh')).toMatchObject({ lastTransitionTime: '2026-11-21T12:01:00Z' });
  });

  it('K-31: while its key is away it is not ready and says so once, requests are pending, and go on at once when it is back', async () => {
    await using door = await Door.open({ retryForMs: 10 * minute });
    door.away = 'the key is away';
    door.issuers.refresh();
    await until(() => JSON.stringify(door.readyOf('mesh')).includes('Pending'));
    expect(door.readyOf('mesh')).toMatchObject({ status: 'False', reason: 'Pending', message: 'the key is away' });
    const uid = door.ask('web');
    await door.ended('web', 'Pending');
    expect(door.messageOf('web')).toBe('Issuer mesh is not ready: the key is away');
    for (let passed = 0; passed < 60; passed += 1) {
      door.issuers.refresh();
      await door.live(minute);
    }
    expect(door.reasonOf('web')).toBe('Pending');
    expect(door.records('certificate.failed')).toEqual([]);
    door.away = undefined;
    door.issuers.refresh();
    await door.ended('web', 'Issued');
    expect(door.readyOf('mesh')).toMatchObject({ status: 'True', reason: 'Checked' });
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
    expect(door.writesTo('web')).toHaveLength(2);
    expect(door.api.writes.filter(({ path }) => path.endsWith('/issuers/mesh/status'))).toHaveLength(3);
    expect(door.eventsOf('mesh').map(({ type, reason }) => [type, reason])).toEqual([
      ['Normal', 'Checked'],
      ['Warning', 'Pending'],
      ['Normal', 'Checked'],
    ]);
  });

  it('an issuer that is deleted leaves its requests pending, and those that were answered as they are', async () => {
    await using door = await Door.open();
    door.ask('before');
    await door.ended('before', 'Issued');
    door.removeIssuer('mesh');
    door.ask('after');
    await door.ended('after', 'Pending');
    await door.live(60 * minute);
    expect([door.writesTo('before').length, door.writesTo('after').length]).toEqual([1, 1]);
  });

  it.each([409, 500, 429])('a write to its status that ends with %i is tried again', async (status) => {
    await using door = new Door();
    let left = 3;
    door.api.fault = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/issuers/mesh/status') && left-- > 0)
        throw new ApiError('unruly', { status });
    };
    door.issuer('mesh');
    door.ask('web');
    door.requests.start();
    door.issuers.start();
    await door.live(minute);
    expect(door.reasonOf('web')).toBe('Issued');
  });

  it('until the issuers have been seen nothing is said of their absence', async () => {
    await using door = new Door();
    const seen = Promise.withResolvers<void>();
    door.api.fault = ({ path }) => (isWatchOf('issuers')(path) ? seen.promise : undefined);
    door.issuer('mesh');
    door.ask('web');
    door.ask('lost', { spec: { issuerRef: { group: 'countersign.dev', kind: 'Issuer', name: 'nowhere' } } });
    door.requests.start();
    door.issuers.start();
    await door.live(7_000);
    expect(door.api.writes).toEqual([]);
    seen.resolve();
    await door.ended('web', 'Issued');
    expect(door.writesTo('web')).toHaveLength(1);
    await door.live(6_000);
    expect(door.messageOf('lost')).toMatch(/^there is no Issuer nowhere/);
  });

  it('K-36: where the status of an issuer may not be written, its requests say so', async () => {
    await using door = new Door();
    let isDenied = true;
    door.api.fault = ({ path }) => {
      if (isDenied && path.endsWith('/issuers/mesh/status')) throw new ApiError('cannot patch', { status: 403 });
    };
    door.issuer('mesh');
    door.requests.start();
    door.issuers.start();
    door.ask('web');
    await door.ended('web', 'Pending');
    expect(door.messageOf('web')).toMatch(/^the status of Issuer mesh cannot be written/);
    isDenied = false;
    await door.live(minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.writesTo('web')).toHaveLength(2);
  });

  it('K-36: where issuers may not be seen, requests say so, and those of the others are signed', async () => {
    await using door = new Door();
    const denied = new ApiError('cannot list resource "clusterissuers"', { status: 403 });
    let isDenied = true;
    door.api.fault = ({ path }) => {
      if (isDenied && isWatchOf('clusterissuers')(path)) throw denied;
    };
    door.issuer('mesh');
    door.clusterIssuer('mesh');
    await door.start();
    door.ask('web');
    door.ask('cluster', { spec: { issuerRef: { group: 'countersign.dev', kind: 'ClusterIssuer', name: 'mesh' } } });
    await door.ended('web', 'Issued');
    await door.live(6_000);
    expect(door.messageOf('cluster')).toMatch(/^clusterissuers cannot be seen/);
    expect(door.told).toEqual(['clusterissuers: cannot list resource "clusterissuers"']);
    isDenied = false;
    await door.live(minute);
    expect(door.reasonOf('cluster')).toBe('Issued');
  });
});
