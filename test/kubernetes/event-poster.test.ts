import { describe, expect, it } from 'vitest';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { EventPoster } from '#kubernetes/event-poster.ts';
import { at } from '#test/support/control-plane/client.ts';
import { FakePace } from './fake-pace.ts';

const about = { apiVersion: 'test/v1', kind: 'Thing', name: 'web', namespace: 'shop', uid: 'u-1' };
const event = { type: 'Normal', reason: 'Tested', note: 'it was tested' } as const;

/** A poster and what it posts; `answer` may refuse. */
function posting(answer: () => void | Promise<void> = () => {}) {
  const posted: KubernetesObject[] = [];
  const told: string[] = [];
  const api: KubernetesApi = {
    async ask({ body = {} }) {
      await answer();
      posted.push(body);
      return body;
    },
    lines: () => {
      throw new Error('nothing is watched');
    },
    close: async () => undefined,
  };
  const onTrouble = (message: string) => told.push(message);
  const poster = new EventPoster({
    api,
    controller: 'test.example/c',
    instance: 'pod',
    pace: new FakePace(),
    onTrouble,
  });
  return { posted, told, poster };
}

describe('events about objects', () => {
  it('are told in the namespace of the object, or in default where it has none', async () => {
    const { posted, poster } = posting();
    poster.post(about, event);
    poster.post({ ...about, namespace: '' }, event);
    await poster.stop();
    expect(posted).toMatchObject([
      { metadata: { namespace: 'shop' }, regarding: about, eventTime: '2026-11-21T15:00:00.000000Z', action: 'Synced' },
      { metadata: { namespace: 'default' }, regarding: { name: 'web', uid: 'u-1' } },
    ]);
    expect(at(posted[1], 'regarding', 'namespace')).toBeUndefined();
  });

  it.each([`${'a'.repeat(199)}.b`, `${'a'.repeat(199)}-b`, 'x'.repeat(253)])(
    'have names that an API server takes, whatever %s is called',
    async (name) => {
      const { posted, poster } = posting();
      poster.post({ ...about, name }, event);
      poster.post({ ...about, name }, event);
      await poster.stop();
      const names = posted.map((each) => String(at(each, 'metadata', 'name')));
      const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
      for (const each of names) expect(each).toMatch(new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`));
      expect(new Set(names).size).toBe(2);
    },
  );

  it.each(['é'.repeat(1_000), '𝕏'.repeat(1_000), 'x'.repeat(5_000), `x${'é'.repeat(1_000)}`, `xx${'𝕏'.repeat(1_000)}`])(
    'have notes of 1024 octets at most, with no character cut',
    async (note) => {
      const { posted, poster } = posting();
      poster.post(about, { ...event, note });
      await poster.stop();
      const told = String(posted[0]?.note);
      expect(Buffer.byteLength(told)).toBeLessThanOrEqual(1_024);
      expect(Buffer.byteLength(told)).toBeGreaterThan(1_000);
      expect(note.startsWith(told)).toBe(true);
    },
  );

  it('K-36: that may not be told are said to be so once, until one is taken again', async () => {
    let isDenied = true;
    const { told, posted, poster } = posting(() => {
      if (isDenied) throw new ApiError('403 Forbidden: cannot create resource "events"', { status: 403 });
    });
    const post = async () => {
      for (let n = 0; n < 10; n++) poster.post(about, event);
      await poster.stop();
    };
    await post();
    await post();
    expect(told).toEqual(['events are not told: 403 Forbidden: cannot create resource "events"']);
    isDenied = false;
    await post();
    expect(posted).toHaveLength(10);
    isDenied = true;
    await post();
    expect(told).toHaveLength(2);
  });

  it('are bounded: what comes while many are on their way is not told', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { posted, poster } = posting(() => promise);
    for (let n = 0; n < 1_000; n++) poster.post(about, event);
    resolve();
    await poster.stop();
    expect(posted).toHaveLength(32);
  });
});
