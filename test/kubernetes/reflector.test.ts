import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesApi } from '#kubernetes/api.ts';
import { connect } from '#kubernetes/connect.ts';
import type { Change } from '#kubernetes/mirror.ts';
import { Reflector, type ReflectorOptions } from '#kubernetes/reflector.ts';
import { byKey, stripThing, type Thing } from './cluster-model.ts';
import { answerJson, FakeApiServer, isList, isWatch, type Seen } from './fake-api-server.ts';
import { FakePace, until } from './fake-pace.ts';

let server: FakeApiServer;
let api: KubernetesApi;
let pace: FakePace;
let changes: Change<Thing>[];
let troubles: string[];
let view: Reflector<Thing>;

beforeEach(async () => {
  server = await FakeApiServer.start();
  api = connect(server.cluster);
  pace = new FakePace();
  changes = [];
  troubles = [];
});

afterEach(async () => {
  await view.stop();
  await api.close();
  await server.close();
});

function begin(options: Partial<ReflectorOptions<Thing>> = {}): void {
  view = new Reflector<Thing>({
    api,
    path: '/apis/test/v1/things',
    strip: stripThing,
    indexes: { value: ({ value }) => String(value) },
    onChange: (change) => void changes.push(change),
    onTrouble: (message) => void troubles.push(message),
    pace,
    ...options,
  });
  view.start();
}

const same = () => JSON.stringify([...view.all()].toSorted(byKey)) === JSON.stringify(server.model.things());
const isWatched = () => server.model.watches.size > 0;
const settled = () => until(() => view.synced && isWatched() && same());
const watches = () => server.seen.filter(isWatch).map(({ url }) => url.searchParams);
const probes = () => watches().filter((query) => query.get('timeoutSeconds') === '1');
const lists = () => server.seen.filter(isList);
const ofPage = ({ url }: Seen) => url.searchParams.has('continue');

function fill(count: number): void {
  for (let i = 0; i < count; i++) server.model.put(`ns${i % 7}`, `thing-${i}`, i % 3);
}

describe('the first whole set', () => {
  it('is streamed where the server can do that, and the same connection goes on as a watch', async () => {
    fill(1200);
    begin();
    await settled();
    server.model.put('ns0', 'late');
    await until(same);
    expect(server.seen.map(({ url }) => Object.fromEntries(url.searchParams))).toEqual([
      {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: '300',
        sendInitialEvents: 'true',
        resourceVersionMatch: 'NotOlderThan',
      },
    ]);
  });

  it('is listed page by page where the server says no to streaming', async () => {
    server.model.streaming = 'refused';
    fill(1201);
    begin();
    await settled();
    expect(lists().map(({ url }) => url.searchParams.get('limit'))).toEqual(['500', '500', '500']);
    expect(lists().filter(ofPage).length).toBe(2);
    expect(watches().at(-1)?.get('resourceVersion')).toBe(String(server.model.version));
  });

  it('is listed where the stream stands still', async () => {
    server.model.streaming = 'unknown';
    fill(3);
    begin();
    await until(isWatched);
    pace.advance(8000);
    await pace.pass(800);
    await settled();
    expect(lists().length).toBe(1);
  });

  it('is listed where the server streams, but never says that the set is whole', async () => {
    server.model.streaming = 'unknown';
    fill(3);
    begin();
    await until(isWatched);
    expect(view.synced).toBe(false);
    await pace.pass(60_000);
    await pace.pass(800);
    await settled();
    expect(lists().length).toBe(1);
  });

  it('K-77: begins anew where a page comes too late', async () => {
    server.model.streaming = 'refused';
    fill(1200);
    server.next((seen, response) => {
      server.model.compact();
      server.model.put('ns0', 'meanwhile');
      answerJson(410, { reason: 'Expired', code: 410 })(seen, response);
    }, ofPage);
    begin();
    await settled();
    expect(view.get('ns0', 'meanwhile')).toBeDefined();
    expect(lists().length).toBe(5);
  });

  it('is had in smaller pages where one would be too large', async () => {
    await api.close();
    api = connect(server.cluster, { maxAnswerLength: 20_000 });
    server.model.streaming = 'refused';
    fill(600);
    begin();
    await settled();
    expect(
      lists()
        .map(({ url }) => url.searchParams.get('limit'))
        .slice(0, 5),
    ).toEqual(['500', '250', '125', '125', '125']);
    expect(view.size).toBe(600);
  });

  it('may be empty', async () => {
    begin();
    await settled();
    expect([...view.all()]).toEqual([]);
    expect(view.ready).toBe(true);
  });

  it('has selectors with it', async () => {
    server.model.streaming = 'refused';
    begin({ query: { labelSelector: 'istio/multiCluster=true' } });
    await settled();
    for (const { url } of server.seen) expect(url.searchParams.get('labelSelector')).toBe('istio/multiCluster=true');
  });

  it('is bounded', async () => {
    fill(20);
    begin({ maxObjects: 10 });
    await until(() => troubles.length > 0);
    expect(troubles[0]).toBe('more than 10 objects');
    expect(view.synced).toBe(false);
    expect(view.size).toBe(0);
  });
});

describe('a view', () => {
  it('finds objects by name and by index, and keeps only what strip left', async () => {
    fill(9);
    begin();
    await settled();
    expect(view.get('ns1', 'thing-1')).toEqual({ namespace: 'ns1', name: 'thing-1', value: 1, version: '102' });
    expect(view.get('ns1', 'thing-2')).toBeUndefined();
    expect(view.by('value', '1').map(({ name }) => name)).toEqual(['thing-1', 'thing-4', 'thing-7']);
    server.model.put('ns1', 'thing-1', 2);
    server.model.remove('ns4', 'thing-4');
    await until(same);
    expect(view.by('value', '1').map(({ name }) => name)).toEqual(['thing-7']);
    expect(view.by('value', '9')).toEqual([]);
    expect(() => view.by('none', '')).toThrow(RangeError);
  });

  it('tells of each change with what was before and after', async () => {
    begin();
    await settled();
    server.model.put('a', 'x', 1);
    server.model.put('a', 'x', 2);
    server.model.remove('a', 'x');
    await until(() => changes.length === 3);
    expect(changes.map(({ key, before, after }) => [key, before?.value, after?.value])).toEqual([
      ['a/x', undefined, 1],
      ['a/x', 1, 2],
      ['a/x', 2, undefined],
    ]);
  });

  it('K-79: a handler that throws stops nothing and loses no other key', async () => {
    const seen: string[] = [];
    begin({
      onChange: ({ key }) => {
        if (key === 'a/bad') throw new Error('handler broken');
        seen.push(key);
      },
    });
    await settled();
    for (const name of ['one', 'bad', 'two']) server.model.put('a', name);
    await until(() => seen.length === 2);
    await until(same);
    expect(troubles).toEqual(['a handler failed on a/bad: handler broken']);
    expect(watches().length).toBe(1);
  });

  it('an object that strip cannot read is not kept, nor what was known of it before', async () => {
    begin({
      strip: (object) => {
        const thing = stripThing(object);
        if (thing.value === 13) throw new Error('no 13');
        return thing.value === 0 ? undefined : thing;
      },
    });
    await until(isWatched);
    server.model.put('a', 'x', 1);
    server.model.put('a', 'x', 13);
    server.model.put('a', 'y', 2);
    server.model.put('a', 'y', 0);
    await until(() => changes.length === 4);
    expect(view.size).toBe(0);
    expect(troubles).toEqual(['a/x is not kept: no 13']);
  });

  it('knows when it was last in contact, by events and bookmarks', async () => {
    begin();
    expect(view.lastContact).toBe(0);
    expect(view.silentMs).toBe(Number.POSITIVE_INFINITY);
    await settled();
    expect(view.lastContact).toBe(pace.now());
    pace.advance(5000);
    pace.epoch -= 3_600_000;
    expect(view.silentMs).toBe(5000);
    server.model.bookmark();
    await until(() => view.lastContact === pace.now());
    pace.advance(5000);
    server.model.put('a', 'x');
    await until(() => view.lastContact === pace.now());
  });
});

describe('a watch', () => {
  it('that ends cleanly goes on at once from the last version, without a list', async () => {
    fill(3);
    begin();
    await settled();
    pace.advance(2000);
    server.model.endWatches();
    server.model.put('a', 'meanwhile');
    await settled();
    expect(pace.waits.filter((ms) => ms < 30_000)).toEqual([]);
    expect(watches().at(-1)?.get('resourceVersion')).toBe('103');
    expect(view.wholeSets).toBe(1);
  });

  it('has a length of 300 to 600 s, at random', async () => {
    pace.chance = 0.9999;
    begin();
    await settled();
    expect(watches()[0]?.get('timeoutSeconds')).toBe('600');
  });

  it('K-78: bookmarks keep the version fresh: half an hour of quiet, then on from there without a list', async () => {
    fill(3);
    begin();
    await settled();
    for (let minute = 0; minute < 30; minute++) {
      server.model.elsewhere();
      server.model.bookmark();
      const now = pace.now();
      await until(() => view.lastContact >= now);
      for (let half = 0; half < 2; half++) {
        pace.advance(30_000);
        await until(() => view.lastContact === pace.now());
      }
    }
    server.model.compact();
    server.cut();
    await pace.pass(800);
    await until(() => watches().at(-1)?.get('resourceVersion') === String(server.model.version));
    server.model.put('a', 'afterwards');
    await settled();
    expect(view.wholeSets).toBe(1);
  });

  it.each([
    ['as a status', answerJson(410, { reason: 'Expired', code: 410 })],
    [
      'as an event',
      (_: Seen, response: { end(text: string): void }) =>
        response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n'),
    ],
  ])('K-77: 410 %s has the whole set read again at once, and what vanished is told as deleted', async (_, answer) => {
    fill(3);
    begin();
    await settled();
    changes = [];
    server.next(answer, isWatch);
    pace.advance(2000);
    server.model.endWatches();
    server.model.remove('ns0', 'thing-0');
    server.model.put('ns1', 'thing-1', 7);
    server.model.compact();
    await settled();
    expect(changes.map(({ key, after }) => [key, after?.value])).toEqual([
      ['ns0/thing-0', undefined],
      ['ns1/thing-1', 7],
    ]);
    expect(view.wholeSets).toBe(2);
    expect(view.synced).toBe(true);
  });

  it.each([
    ['the connection is cut', (_: Seen, response: { destroy(): void }) => response.destroy(), 5000],
    ['500', answerJson(500, {}), 6400],
    ['503', answerJson(503, {}), 6400],
    ['504', answerJson(504, { reason: 'Timeout', message: 'Too large resource version' }), 6400],
    ['a line is cut', (_: Seen, response: { end(text: string): void }) => response.end('{"type":"ADDED","obj'), 5000],
  ])('K-77: where %s it is tried again with growing waits, and no event is lost', async (_, answer, longest) => {
    fill(3);
    begin();
    await settled();
    for (let i = 0; i < 3; i++) server.next(answer, isWatch);
    server.cut();
    server.model.put('a', 'meanwhile', 1);
    server.model.remove('ns2', 'thing-2');
    for (const ms of [800, 1600, 3200, longest]) await pace.pass(ms);
    await settled();
    expect(view.wholeSets).toBe(1);
    expect(view.fault).toBeUndefined();
  });

  it('waits grow to 30 s and no further, and never end', async () => {
    pace.chance = 0.2;
    begin();
    await settled();
    for (let i = 0; i < 12; i++) server.next(answerJson(503, {}), isWatch);
    server.cut();
    for (const ms of [880, 1760, 3520, 7040, 14_080, 28_160, ...Array<number>(6).fill(33_000)]) await pace.pass(ms);
    await until(() => server.seen.length === 13);
    expect(view.fault).toContain('503');
    expect(view.synced).toBe(true);
    await pace.pass(33_000);
    await settled();
  });

  it('waits grow to 5 s and no further where nothing is answered, and its first no is no reason for a long one', async () => {
    begin();
    await settled();
    for (let i = 0; i < 20; i++) server.next((_, response) => response.destroy(), isWatch);
    server.next(answerJson(503, {}), isWatch);
    server.cut();
    for (const ms of [800, 1600, 3200, ...Array<number>(18).fill(5000)]) await pace.pass(ms);
    await pace.pass(6400);
    await settled();
    expect(view.wholeSets).toBe(1);
  });

  it('K-77: Retry-After comes first, within a minute', async () => {
    pace.chance = 0.2;
    begin();
    await settled();
    server.next(answerJson(429, {}, { 'retry-after': '17' }), isWatch);
    server.next(answerJson(429, {}, { 'retry-after': '86400' }), isWatch);
    server.cut();
    for (const ms of [880, 18_700, 66_000]) await pace.pass(ms);
    await settled();
  });

  it('waits are spread by chance', async () => {
    pace.chance = 0.5;
    begin();
    await settled();
    server.cut();
    await pace.pass(1000);
    await settled();
  });

  it('403 is tried slowly, and until it is lifted the view is not ready', async () => {
    begin();
    await settled();
    server.next(answerJson(403, { reason: 'Forbidden', message: 'cannot watch' }), isWatch);
    server.cut();
    await pace.pass(800);
    await until(() => !view.ready);
    expect(view.synced).toBe(true);
    expect(view.fault).toContain('403 Forbidden cannot watch');
    await pace.pass(30_000);
    await until(() => view.fault !== undefined && isWatched());
    server.model.bookmark();
    await until(() => view.ready);
  });

  it('that is refused from its version again and again has the whole set read anew', async () => {
    fill(2);
    begin();
    await settled();
    for (let i = 0; i < 6; i++) server.next(answerJson(400, { reason: 'BadRequest' }), isWatch);
    server.cut();
    for (const ms of [800, 1600, 3200, 6400, 12_800]) await pace.pass(ms);
    await settled();
    await until(() => view.wholeSets === 2);
  });

  it.each(['{"type":"ADDED"}', '{"type":"NEWS","object":{}}', '{"type":"ADDED","object":{"metadata":{}}}', 'no json'])(
    'a line such as %s has the whole set read anew',
    async (line) => {
      fill(2);
      begin();
      await settled();
      server.next((_, response) => void response.write(`${line}\n`), isWatch);
      pace.advance(2000);
      server.model.endWatches();
      await until(() => view.wholeSets === 2);
      await settled();
    },
  );

  it('an object too long for a line is had with the whole set', async () => {
    await api.close();
    api = connect(server.cluster, { maxLineLength: 2000 });
    server.model.streaming = 'refused';
    begin();
    await settled();
    server.next((_, response) => void response.write(`{"type":"ADDED","object":"${'x'.repeat(3000)}"}\n`), isWatch);
    server.model.put('a', 'fat');
    pace.advance(2000);
    server.model.endWatches();
    await until(() => view.wholeSets === 2);
    await settled();
  });

  it('that ends at once and says nothing is not hurried', async () => {
    begin();
    await settled();
    for (let i = 0; i < 3; i++) server.next((_, response) => response.end(), isWatch);
    server.model.endWatches();
    for (const ms of [800, 1600, 3200]) await pace.pass(ms);
    await settled();
  });

  it('K-77: half-open, it is given up after 150 s of silence', async () => {
    begin();
    await settled();
    // the probe would notice sooner: here it gets no answer either
    for (let i = 0; i < 30; i++)
      server.next(
        () => {},
        ({ url }) => url.searchParams.get('timeoutSeconds') === '1',
      );
    server.model.watches.clear();
    server.model.put('a', 'unheard');
    for (let i = 0; i < 5; i++) pace.advance(30_000);
    await pace.pass(800);
    await settled();
    expect(troubles.at(-1)).toContain('the watch fell silent');
    expect(view.wholeSets).toBe(1);
  });
});

describe('a quiet watch', () => {
  it('is one that hears nothing for 30 s: one that does is not looked at twice', async () => {
    begin();
    await settled();
    for (let i = 0; i < 10; i++) {
      pace.advance(20_000);
      server.model.put('a', 'x', i);
      await until(same);
    }
    expect(watches().length).toBe(1);
  });

  it('is in contact as long as a second look finds nothing new', async () => {
    begin();
    await settled();
    pace.advance(30_000);
    await until(() => view.lastContact === pace.now());
    expect(probes().length).toBe(1);
    expect(watches().length).toBe(2);
  });

  it('that a second look finds behind is begun again, and nothing is lost', async () => {
    begin();
    await settled();
    server.model.watches.clear();
    server.model.put('a', 'unheard');
    const before = view.lastContact;
    pace.advance(30_000);
    await pace.pass(800);
    await settled();
    expect(before).toBeLessThan(view.lastContact);
    expect(troubles).toEqual([expect.stringContaining('the watch has fallen behind')]);
    expect(view.wholeSets).toBe(1);
  });

  it('whose second look gets no answer loses contact', async () => {
    begin();
    await settled();
    const before = view.lastContact;
    server.next(answerJson(500, {}), isWatch);
    pace.advance(30_000);
    await until(() => probes().length === 1);
    await pace.pass(5000);
    await until(() => probes().length === 2);
    await until(() => view.lastContact === pace.now());
    expect(view.lastContact - before).toBe(35_000);
  });
});
