import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import type { ApiServer } from './api-server.ts';
import type { EventReader, ServerEvent } from './event-reader.ts';

/** What a stream of records holds on every engine. */
export function streamSuite(
  engine: string,
  start: (limits: Readonly<Record<string, number>>) => Promise<ApiServer>,
): void {
  describe(`a stream of new records, of a log on ${engine}`, () => {
    let api: ApiServer;
    beforeAll(async () => {
      api = await start({ maxStreamsEach: 2, maxStreams: 3 });
    });
    afterAll(async () => api[Symbol.asyncDispose]());

    const open = (query = '', headers = {}): Promise<EventReader> =>
      api.stream(`/v1/records/stream${query}`, { token: api.token('auditor'), headers });
    const isIssued = ({ data }: ServerEvent) => decodeEntry(Buffer.from(data)).type === 'certificate.issued';

    it('brings each record once and in order, its id the leaf index, its data the very octets of the leaf', async () => {
      using stream = await open('?from=0');
      const events = await stream.take(6);
      expect(events.map(({ id, event }) => [id, event])).toEqual([0, 1, 2, 3, 4, 5].map((id) => [id, 'record']));
      expect(events.map(({ data }) => decodeEntry(Buffer.from(data)).seq)).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it('brings what comes while it is open, its own look too', async () => {
      using stream = await open();
      const own = await stream.first(({ data }) => Object(decodeEntry(Buffer.from(data)).action).stage === 'begun');
      expect(decodeEntry(Buffer.from(own.data))).toMatchObject({
        type: 'admin.action',
        action: { route: 'GET /v1/records/stream' },
      });
      for (const _ of [1, 2]) {
        const asked = api.running.ask();
        const issued = await stream.first(isIssued);
        expect(decodeEntry(Buffer.from(issued.data)).certificate).toMatchObject({
          identity: 'spiffe://cluster.local/ns/demo/sa/web',
        });
        expect((await asked).code).toBe(0);
      }
    });

    it('goes on after Last-Event-ID, without a gap or a repetition', async () => {
      using stream = await open('?from=0');
      const last = (await stream.take(3)).at(-1)?.id;
      stream.close();
      using again = await open('?from=0', { 'last-event-id': `${last}` });
      expect((await again.take(2)).map(({ id }) => id)).toEqual([3, 4]);
    });

    it('is one of a few, for one person and for all; a place that was left is free', async () => {
      await vi.waitFor(async () => {
        using one = await open();
        using two = await open();
        await expect(open()).rejects.toThrow('rate.exceeded');
        using other = await api.stream('/v1/records/stream', { token: api.token('auditor', { sub: 'another' }) });
        await expect(
          api.stream('/v1/records/stream', { token: api.token('auditor', { sub: 'third' }) }),
        ).rejects.toThrow('overload');
        for (const stream of [one, two, other]) expect(await stream.next()).toMatchObject({ event: 'record' });
      }, 10_000);
      await vi.waitFor(async () => (await open()).close(), 10_000);
    });

    it('ends with the proof that it was opened with', async () => {
      const exp = Math.floor(Date.now() / 1000) + 1;
      const token = api.token('auditor', { exp, sub: 'brief' });
      using stream = await api.stream('/v1/records/stream', { token });
      expect(await stream.first(({ event }) => event === 'end')).toMatchObject({ data: '{}' });
      expect(await stream.next()).toBeUndefined();
    });

    it('ends when the server does', async () => {
      using stream = await api.stream('/v1/records/stream', { token: api.token('auditor', { sub: 'last' }) });
      const ended = stream.first(({ event }) => event === 'end');
      await api.running.close();
      expect(await ended).toMatchObject({ data: '{}' });
    });
  });
}
