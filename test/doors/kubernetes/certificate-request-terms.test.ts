import { describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { Door } from './certificate-requests/door.ts';
import { failing, isWrite } from './certificate-requests/failing.ts';

const minute = 60_000;

describe('the door of CertificateRequests, its terms and its restarts', () => {
  it('K-34: what is signed while the term ends is not written; the next term writes it, and signs nothing', async () => {
    await using door = await Door.open();
    const release = door.rig.log.hold();
    door.ask('web');
    await door.rig.log.asked(1);
    door.resign();
    release();
    await door.live(10 * minute);
    expect(door.writesTo('web')).toEqual([]);
    door.lead();
    await door.ended('web', 'Issued');
    expect(door.records('certificate.issued')).toHaveLength(1);
  });

  it('K-34: a term that ends while a write waits to be tried again ends the tries', async () => {
    await using door = await Door.open();
    failing(door, new ApiError('broken', { status: 500 }));
    door.ask('web');
    await until(() => door.ends.length === 1);
    door.resign();
    await door.live(10 * minute);
    expect(door.writesTo('web')).toHaveLength(1);
    door.lead();
    await door.live(10 * minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.records('certificate.issued')).toHaveLength(1);
  });

  it('K-34: of two that both believe to lead, one writes; what the other signed meanwhile takes no place', async () => {
    await using one = await Door.open();
    await using other = await Door.open({ api: one.api });
    for (let n = 0; n < 50; n++) one.ask(`web-${n}`);
    await until(() =>
      Array.from({ length: 50 }, (_, n) => one.reasonOf(`web-${n}`)).every((reason) => reason === 'Issued'),
    );
    await Promise.all([one.settled(), other.settled()]);
    const signed = one.records('certificate.issued').length + other.records('certificate.issued').length;
    expect(signed).toBeGreaterThan(50);
    // every life is held to K-10 at the end: a certificate that is there stays
  });

  it('K-34: a write that lay on the way until another had answered is not taken', async () => {
    await using late = await Door.open();
    const arrives = Promise.withResolvers<void>();
    let isFirst = true;
    late.api.fault = async (request) => {
      if (!isWrite(request) || !isFirst) return;
      isFirst = false;
      await arrives.promise;
    };
    late.ask('web');
    await until(() => !isFirst);
    late.stopLeading();
    await using next = await Door.open({ api: late.api });
    await next.ended('web', 'Issued');
    const { certificate } = next.statusOf('web');
    arrives.resolve();
    await late.settled();
    expect(next.statusOf('web').certificate).toBe(certificate);
  });

  it('K-33: what a process that died had put on the record is written, and nothing is signed', async () => {
    await using died = await Door.open();
    failing(died, new ApiError('died', { status: 0 }), 'fault', 1);
    const uid = died.ask('web');
    await until(() => died.records('certificate.issued', uid).length === 1 && died.ends.length === 1);
    await died.stop();
    const issuedBefore = new Map([[uid, died.handed(uid)]]);
    await using again = await Door.open({ api: died.api, issuedBefore });
    await again.ended('web', 'Issued');
    expect(again.rig.log.records).toEqual([]);
    expect(again.certificateOf('web')).toBe(died.handed(uid).leaf);
  });

  it('K-33: where that has ended meanwhile it is signed anew', async () => {
    await using died = await Door.open();
    failing(died, new ApiError('died', { status: 0 }), 'fault', 1);
    const uid = died.ask('web', { spec: { duration: '1h' } });
    await until(() => died.records('certificate.issued', uid).length === 1 && died.ends.length === 1);
    await died.stop();
    await using again = new Door({ api: died.api, issuedBefore: new Map([[uid, died.handed(uid)]]) });
    again.pass(2 * 60 * minute);
    await again.start();
    await again.ended('web', 'Issued');
    expect(again.records('certificate.issued', uid)).toHaveLength(1);
  });

  it.each(['Issued', 'Failed', 'Denied'])(
    'K-10: one that is %s is not written again after a restart, or by another leader',
    async (end) => {
      await using door = await Door.open();
      const denied = { type: 'Denied', status: 'True', reason: 'Test', message: '' };
      door.ask('web', {
        ...(end === 'Failed' && { spec: { duration: 'soon' } }),
        ...(end === 'Denied' && { status: { conditions: [denied] } }),
      });
      await door.ended('web', end);
      await door.stop();
      await using again = await Door.open({ api: door.api });
      await again.live(10 * minute);
      again.lead();
      await again.live(10 * minute);
      expect(door.writesTo('web')).toHaveLength(1);
    },
  );
});
