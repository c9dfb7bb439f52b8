import { describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { Door } from './certificate-requests/door.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('the door of CertificateRequests, and what may pass', () => {
  it('K-31, K-11: within the budget it stays pending, whatever fails and however often, since the same moment', async () => {
    await using door = await Door.open({ retryForMs: 10 * minute });
    door.outage = 'signer.unavailable';
    door.ask('web');
    await door.ended('web', 'Pending');
    const since = door.conditionOf('web')?.lastTransitionTime;
    for (const outage of ['log.unavailable', 'overload', 'internal'] as const) {
      door.outage = outage;
      await door.live(3 * minute);
      expect(door.conditionOf('web')).toMatchObject({ status: 'False', reason: 'Pending', lastTransitionTime: since });
    }
    expect(door.statusOf('web').failureTime).toBeUndefined();
    door.outage = undefined;
    await door.live(2 * minute);
    expect(door.conditionOf('web')).toMatchObject({ status: 'True', reason: 'Issued' });
    expect(door.conditionOf('web')?.lastTransitionTime).not.toBe(since);
  });

  it('K-32: past the budget it has failed for good, and the message holds the last fault', async () => {
    await using door = await Door.open({ retryForMs: 10 * minute });
    door.outage = 'signer.unavailable';
    door.ask('web');
    await door.live(20 * minute);
    expect(door.conditionOf('web')).toMatchObject({ reason: 'Failed' });
    const attempts = door.records('certificate.failed').length;
    expect(door.conditionOf('web')?.message).toBe(`tried for too long; the last fault was: fault ${attempts}`);
    expect(door.conditionOf('web', 'InvalidRequest')).toBeUndefined();
    expect(Date.parse(String(door.statusOf('web').failureTime)) - Date.parse('2026-11-21T12:00:00Z')).toBeGreaterThan(
      10 * minute,
    );
    door.outage = undefined;
    await door.live(60 * minute);
    expect(door.records('certificate.issued')).toEqual([]);
  });

  it('K-32: waiting for an issuer uses up nothing of the budget', async () => {
    await using door = await Door.open({ retryForMs: 10 * minute });
    door.outage = 'signer.unavailable';
    door.ask('web');
    await door.ended('web', 'Pending');
    door.removeIssuer('mesh');
    await until(() => /no Issuer mesh/.test(String(door.conditionOf('web')?.message)));
    await door.live(60 * minute);
    door.issuer('mesh');
    await until(() => /fault/.test(String(door.conditionOf('web')?.message)));
    await door.live(8 * minute);
    expect(door.reasonOf('web')).toBe('Pending');
    await door.live(4 * minute);
    expect(door.reasonOf('web')).toBe('Failed');
  });

  it('an hour of faults is no hot loop: attempts, writes and looks are bounded', async () => {
    await using door = await Door.open({ retryForMs: 2 * hour });
    door.outage = 'signer.unavailable';
    door.ask('web');
    await door.live(60 * minute);
    // doubling from 200 ms to a minute, and then one a minute
    expect(door.records('certificate.failed').length).toBeGreaterThan(60);
    expect(door.records('certificate.failed').length).toBeLessThan(75);
    expect(door.writesTo('web').length).toBeLessThan(75);
    expect(door.api.asked.filter(({ method, path }) => method === 'GET' && /\/web$/.test(path)).length).toBeLessThan(
      75,
    );
  });

  it('one fault that is always the same is written once', async () => {
    await using door = await Door.open({
      retryForMs: 2 * hour,
      signer: (real) => ({
        ...real,
        algorithm: real.algorithm,
        spki: real.spki,
        close: () => real.close(),
        sign: () => Promise.reject(new Error('away')),
      }),
    });
    door.ask('web');
    await door.live(60 * minute);
    expect(door.records('certificate.failed').length).toBeGreaterThan(60);
    expect(door.writesTo('web')).toHaveLength(1);
  });

  it('K-33: a record that takes longer than anybody waits for is that of the one certificate there is', async () => {
    await using door = await Door.open();
    const commit = door.rig.log.hold();
    const uid = door.ask('web');
    await door.rig.log.asked(1);
    door.pass(10_000);
    await door.ended('web', 'Pending');
    expect(door.messageOf('web')).toMatch(/^the record of its certificate is still being written/);
    for (let tries = 0; tries < 5; tries += 1) {
      door.pass(minute);
      await door.settled();
    }
    commit();
    await door.ended('web', 'Issued');
    await door.settled();
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
    expect(door.certificateOf('web')).toBe(door.handed(uid).leaf);
    expect(door.writesTo('web')).toHaveLength(2);
    expect([door.requests.remembered, door.requests.waiting]).toEqual([0, 0]);
  });

  it('K-33: a record that could not be written after all was of nothing: it is signed anew', async () => {
    await using door = await Door.open();
    const commit = door.rig.log.hold();
    const uid = door.ask('web');
    await door.rig.log.asked(1);
    door.pass(10_000);
    await door.ended('web', 'Pending');
    door.rig.log.refuse(new Refusal('log.unavailable', 'the disk is full'));
    commit();
    await door.live(2 * minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
    expect(door.certificateOf('web')).toBe(door.handed(uid).leaf);
  });

  it("K-34: what is put on the record once the lease is another replica's waits until it is ours again", async () => {
    await using door = await Door.open();
    const commit = door.rig.log.hold();
    const uid = door.ask('web');
    await door.rig.log.asked(1);
    door.pass(10_000);
    await door.ended('web', 'Pending');
    door.resign();
    commit();
    await door.live(2 * minute);
    expect(door.reasonOf('web')).toBe('Pending');
    door.lead();
    await door.ended('web', 'Issued');
    expect(door.certificateOf('web')).toBe(door.handed(uid).leaf);
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
  });

  it('K-39: a hundred retries make at most two events', async () => {
    await using door = await Door.open({ retryForMs: 3 * hour });
    door.outage = 'signer.unavailable';
    door.ask('web');
    await door.live(100 * minute);
    expect(door.records('certificate.failed').length).toBeGreaterThan(100);
    door.outage = undefined;
    await door.live(2 * minute);
    const events = door.eventsOf('web');
    expect(events).toMatchObject([
      {
        type: 'Warning',
        reason: 'Pending',
        note: 'fault 1',
        regarding: { kind: 'CertificateRequest', namespace: 'shop' },
      },
      { type: 'Normal', reason: 'Issued' },
    ]);
  });

  it('K-39: an event waits for the write that it tells of', async () => {
    await using door = await Door.open();
    let isAway = true;
    door.api.fault = ({ method, path }) => {
      if (isAway && method === 'PATCH' && /\/web\/status$/.test(path)) throw new ApiError('503', { status: 503 });
    };
    door.ask('web');
    await door.live(60 * minute);
    expect(door.eventsOf('web')).toEqual([]);
    isAway = false;
    await door.live(2 * minute);
    expect(door.eventsOf('web')).toHaveLength(1);
  });
});
