import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { deny, setOf } from '#test/policy/sidecar.ts';
import { collection, Door, type DoorOptions, isApproval, requesters, signerName } from './signing-requests-door.ts';

const minute = 60_000;
const hour = 60 * minute;
const nobody = setOf({ spec: { match: { doors: ['admin'] } } });

describe('approval of CertificateSigningRequests by policy', () => {
  const doors: Door[] = [];
  afterEach(async () => {
    await Promise.all(doors.splice(0).map((door) => door.requests.stop()));
  });

  function open(options: DoorOptions = {}): Door {
    const door = new Door(options);
    doors.push(door);
    door.requests.start();
    return door;
  }

  it('K-41: where it is not wished nothing is written to what nobody has decided about, nor looked at', async () => {
    const door = open({ approves: false });
    door.ask('web');
    await door.live(minute);
    expect([door.api.writes, door.rig.ends, door.requests.waiting]).toEqual([[], [], 0]);
    door.decide('web', 'Approved');
    await until(() => door.statusOf('web').certificate !== undefined);
    expect(door.saidOf('web')).toEqual(['Approved Other']);
  });

  it('K-41: of another signer none is approved, whatever an API server made of the selector', async () => {
    const door = open();
    for (const each of ['kubernetes.io/kubelet-serving', 'mesh.example/other'])
      door.ask(each.slice(-5), { signerName: each });
    door.ask('web');
    await until(() => door.statusOf('web').certificate !== undefined);
    expect(door.api.writes.map(({ path }) => path)).toEqual([`${collection}/web/approval`, `${collection}/web/status`]);
    expect(door.ends).toEqual(['approved', 'issued']);
  });

  it('is given by the replica that has the lease, and by no other', async () => {
    const door = open({ leads: false });
    door.ask('web');
    await door.live(minute);
    expect([door.api.writes, door.rig.ends]).toEqual([[], []]);
    door.leads = true;
    door.requests.refresh();
    await until(() => door.statusOf('web').certificate !== undefined);
    expect(door.rig.ends).toEqual(['request.approved', 'certificate.issued']);
  });

  it('K-47: is tried again for a day, and no longer, where no policy speaks of it, and nothing is written', async () => {
    const door = open({ policies: nobody });
    door.ask('web');
    await door.live(24 * hour + minute, minute);
    const tries = door.rig.ends.length;
    expect(tries).toBeGreaterThan(60);
    expect(tries).toBeLessThan(26 * 60);
    await door.live(2 * hour, minute);
    expect([door.rig.ends.length, door.requests.waiting, door.api.writes]).toEqual([tries, 0, []]);
    // it is the cluster's again, and a day is too long for whoever asked
    door.decide('web', 'Approved');
    await until(() => door.saidOf('web').length === 2);
    expect(door.saidOf('web')).toEqual(['Approved Other', 'Failed Expired']);
  });

  it('K-60: what another approver said is not written over though no watch has told of it, and is not asked about in a loop', async () => {
    const door = open();
    const silent = door.api.hold('/certificatesigningrequests');
    await door.settled();
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    door.api.fault = async (request) => {
      if (!isApproval(request)) return;
      arrived.resolve();
      await gone.promise;
    };
    silent();
    door.ask('web');
    await arrived.promise;
    const release = door.api.hold('/certificatesigningrequests');
    door.decide('web', 'Approved');
    gone.resolve();
    await door.live(10 * minute);
    expect(door.saidOf('web')).toEqual(['Approved Other']);
    expect(door.approvals.length).toBeLessThan(20);
    // it is the same decision each time
    expect(door.rig.ends).toEqual(['request.approved']);
    release();
    await until(() => door.statusOf('web').certificate !== undefined);
    expect(door.saidOf('web')).toEqual(['Approved Other']);
  });

  it('a refusal that could not be said is on the record once, and is dropped where another approves meanwhile', async () => {
    const door = open({ policies: setOf({ spec: deny({ message: 'never' }) }) });
    let isAway = true;
    door.api.fault = (request) => {
      if (isAway && isApproval(request)) throw new ApiError('503 Service Unavailable', { status: 503 });
    };
    door.ask('web');
    await door.live(10 * minute);
    expect(door.rig.ends).toEqual(['certificate.denied policy.denied']);
    door.decide('web', 'Approved');
    isAway = false;
    await until(() => door.saidOf('web').length === 2);
    expect(door.saidOf('web')).toEqual(['Approved Other', 'Failed PolicyDenied']);
  });

  it('policy decides again when it is signed', async () => {
    let asked = 0;
    const authenticate: DoorOptions['authenticate'] = async (evidence) => {
      if (++asked > 1) throw new Refusal('authn.failed', 'no longer a requester');
      return requesters.authenticate(evidence);
    };
    const door = open({ authenticate });
    door.ask('web');
    await until(() => door.saidOf('web').length === 2);
    expect(door.saidOf('web')).toEqual(['Approved PolicyApproved', 'Failed NotPermitted']);
    expect(door.statusOf('web').certificate).toBeUndefined();
  });

  it('K-36: a right that is missing is told of once for all of them, by its name', async () => {
    const door = open();
    const words = `user not permitted to approve requests with signerName "${signerName}"`;
    let isForbidden = true;
    door.api.fault = (request) => {
      if (isForbidden && isApproval(request)) throw new ApiError(`403 Forbidden: ${words}`, { status: 403 });
    };
    for (let n = 0; n < 10; n++) door.ask(`web-${n}`);
    // that others are signed meanwhile is no reason to say it again
    door.ask('other');
    door.decide('other', 'Approved');
    await door.live(5 * minute);
    expect(door.told.filter((line) => line.includes(words))).toHaveLength(1);
    expect(door.statusOf('other').certificate).toBeDefined();
    isForbidden = false;
    await door.live(2 * minute);
    expect(door.ends.filter((end) => end === 'issued')).toHaveLength(11);
  });
});
