import { describe, expect, it } from 'vitest';
import { ApiError, type ApiRequest } from '#kubernetes/api.ts';
import { Door } from './certificate-requests/door.ts';

const minute = 60_000;
const isProbe = ({ query = {} }: ApiRequest) => query.limit === '1';
const isDiscovery = ({ path }: ApiRequest) => path === '/apis/cert-manager.io/v1';

describe('the watch of requests', () => {
  it('where they have no field to select by all of them come, and what is not ours is dropped', async () => {
    await using door = new Door();
    door.api.selects = false;
    door.issuer('mesh');
    await door.start();
    door.ask('foreign', { spec: { issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'mesh' } } });
    door.ask('web');
    await door.ended('web', 'Issued');
    expect(door.writesTo('foreign')).toEqual([]);
  });

  it.each([
    ['500', new ApiError('broken', { status: 500 })],
    ['429', new ApiError('slow down', { status: 429 })],
    ['no answer', new ApiError('cut', { status: 0 })],
    ['403', new ApiError('cannot list resource "certificaterequests"', { status: 403 })],
  ])('whether they can be selected is asked until it is told: after %s too', async (_, thrown) => {
    await using door = new Door();
    door.api.selects = false;
    let left = 3;
    door.api.fault = (request) => {
      if (isProbe(request) && left-- > 0) throw thrown;
    };
    door.issuer('mesh');
    await door.start();
    door.ask('web');
    await door.live(2 * minute);
    expect(door.reasonOf('web')).toBe('Issued');
    expect(door.told).toEqual([`certificaterequests cannot be watched yet: ${thrown.message}`]);
    expect(door.requests.fault).toBeUndefined();
  });

  it('a cluster that does not serve them yet is asked again, and what was made before is answered', async () => {
    await using door = new Door();
    let isServed = false;
    door.api.fault = (request) => {
      if (isDiscovery(request) && !isServed) throw new ApiError('not found', { status: 404 });
    };
    door.issuer('mesh');
    await door.start();
    door.ask('web');
    await door.live(2 * minute);
    expect([door.told, door.requests.fault]).toEqual([
      ['the cluster serves no certificaterequests'],
      'the cluster serves no certificaterequests',
    ]);
    isServed = true;
    await door.live(minute / 2);
    expect(door.reasonOf('web')).toBe('Issued');
  });

  it('is not begun by an answer that comes after its end', async () => {
    await using door = new Door();
    const answer = Promise.withResolvers<void>();
    door.api.fault = (request) => (isProbe(request) ? answer.promise : undefined);
    door.issuer('mesh');
    await door.start();
    await door.stop();
    answer.resolve();
    await door.live(minute);
    expect(door.api.asked.filter(({ path, query = {} }) => query.watch === 'true' && /requests$/.test(path))).toEqual(
      [],
    );
  });
});
