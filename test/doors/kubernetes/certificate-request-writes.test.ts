import { describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { Door } from './certificate-requests/door.ts';
import { failing, isWrite } from './certificate-requests/failing.ts';

const minute = 60_000;
const faults = [
  ['409 Conflict', new ApiError('conflict', { status: 409, reason: 'Conflict' })],
  ['410 Gone', new ApiError('gone', { status: 410, reason: 'Gone' })],
  ['422', new ApiError('invalid', { status: 422, reason: 'Invalid' })],
  ['429 with Retry-After', new ApiError('slow down', { status: 429, retryAfterMs: 30_000 })],
  ['500', new ApiError('broken', { status: 500 })],
  ['no answer', new ApiError('cut', { status: 0 })],
] as const;

describe('the door of CertificateRequests, and what it writes', () => {
  it.each(faults)('K-33: a write that ends with %s is tried again with the same certificate', async (_, thrown) => {
    await using door = await Door.open();
    failing(door, thrown);
    door.ask('web');
    await door.live(10 * minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.writesTo('web')).toHaveLength(4);
    expect(door.records('certificate.issued')).toHaveLength(1);
  });

  it.each(faults)('a refusal whose write ends with %s is put on the record once', async (_, thrown) => {
    await using door = await Door.open();
    failing(door, thrown);
    const uid = door.ask('web', { spec: { duration: 'soon' } });
    await door.live(10 * minute);
    expect(door.reasonOf('web')).toBe('Failed');
    expect(door.rig.log.records.map(({ request }) => request)).toEqual([expect.objectContaining({ id: uid })]);
  });

  it.each(faults)('K-10: a write that was stored and answered with %s is the only one', async (_, thrown) => {
    await using door = await Door.open();
    failing(door, thrown, 'lost');
    door.ask('web');
    await door.live(10 * minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.records('certificate.issued')).toHaveLength(1);
    expect(door.writesTo('web')).toHaveLength(1);
  });

  it('a server that asks for time is given it', async () => {
    await using door = await Door.open();
    failing(door, new ApiError('slow down', { status: 429, retryAfterMs: 30_000 }));
    door.ask('web');
    await door.live(29_000);
    expect(door.writesTo('web')).toHaveLength(1);
    await door.live(2_000);
    expect(door.writesTo('web')).toHaveLength(2);
  });

  it('K-36: a right that is missing for all of them is told of once, until it is there', async () => {
    await using door = await Door.open();
    const words = 'User "x" cannot patch resource "certificaterequests/status" in the namespace "shop"';
    let isDenied = true;
    door.api.fault = ({ method, path }) => {
      if (isDenied && method === 'PATCH' && path.includes('/certificaterequests/'))
        throw new ApiError(`PATCH ${path}: 403 Forbidden: ${words}`, { status: 403 });
    };
    for (let n = 0; n < 20; n++) door.ask(`web-${n}`);
    await door.live(2 * minute);
    expect(door.told).toEqual([expect.stringContaining(words)]);
    isDenied = false;
    await door.live(2 * minute);
    expect(door.records('certificate.issued')).toHaveLength(20);
    isDenied = true;
    door.ask('another');
    await door.settled();
    expect(door.told.filter((line) => line.includes(words))).toHaveLength(2);
  });

  it('what is gone at the write is left, and nothing is tried again', async () => {
    await using door = await Door.open();
    door.api.fault = (request) => {
      if (isWrite(request)) door.remove('web');
    };
    door.ask('web');
    await door.live(10 * minute);
    expect([door.ends, door.writesTo('web').length]).toEqual([['left'], 1]);
    expect(door.told.filter((line) => line.includes('web'))).toEqual([]);
    expect(door.requests.remembered).toBe(0);
  });

  it('what is deleted while it is looked at is forgotten', async () => {
    await using door = await Door.open();
    const looked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    door.outage = 'signer.unavailable';
    door.api.fault = async ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/web')) return;
      looked.resolve();
      await gone.promise;
    };
    door.ask('web');
    await looked.promise;
    door.remove('web');
    gone.resolve();
    await door.live(10 * minute);
    expect([door.requests.remembered, door.requests.waiting]).toEqual([0, 0]);
  });

  it('what is made anew under the name of another gets nothing that was signed for that', async () => {
    await using door = await Door.open();
    let newcomer = '';
    door.api.fault = (request) => {
      if (!isWrite(request) || newcomer !== '') return;
      door.remove('web');
      newcomer = door.ask('web');
    };
    const uid = door.ask('web');
    await door.ended('web', 'Issued');
    await door.settled();
    expect(door.certificateOf('web')).toBe(door.handed(newcomer).leaf);
    expect(door.records('certificate.issued', uid)).toHaveLength(1);
    expect(door.records('certificate.issued', newcomer)).toHaveLength(1);
    expect(door.requests.remembered).toBe(0);
  });

  it('K-10: what is issued keeps its certificate, though no watch has told of it and its issuer is gone', async () => {
    await using door = await Door.open();
    door.ask('web');
    await until(() => door.requests.waiting > 0);
    const release = door.api.hold('/certificaterequests');
    await door.ended('web', 'Issued');
    door.removeIssuer('mesh');
    await door.settled();
    expect(door.issuers.standing('issuers/shop/mesh')).toMatchObject({ waits: expect.stringMatching(/^there is no/) });
    expect(door.writesTo('web')).toHaveLength(1);
    release();
    await door.settled();
    expect(door.writesTo('web')).toHaveLength(1);
  });
});
