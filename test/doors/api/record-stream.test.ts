import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { type RecordStream, sendRecords } from '#doors/api/record-stream.ts';
import { deniedEvent } from '#test/audit/example-event.ts';

const filler = encodeEvent({ ...deniedEvent(0), message: 'x'.repeat(12_000) });
const entryAt = (seq: number) => completeEntry(filler, seq, '2026-11-21T12:00:00.000Z');
const length = entryAt(0).length;

describe('a reader of a stream', () => {
  let server: ReturnType<typeof createServer>;
  let ended: PromiseWithResolvers<number>;
  let respond: (response: ServerResponse) => void;
  let read: number;
  beforeEach(async () => {
    read = 0;
    ended = Promise.withResolvers();
    server = createServer((_, response) => respond(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A log without end, which counts what is read of it. */
  const endless: RecordStream['log'] = {
    size: 1_000_000,
    async entries(from, to) {
      read += to - from;
      return Array.from({ length: to - from }, (_, at) => entryAt(from + at));
    },
  };

  function serve(stream: RecordStream, signal = new AbortController().signal): Promise<IncomingMessage> {
    respond = (response) => {
      sendRecords(response, stream, signal).then(ended.resolve, ended.reject);
    };
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent: false }, resolve).on('error', reject);
    });
  }

  it('that does not read is cut off, and no more was read for it than the way holds and one page', async () => {
    const response = await serve({ log: endless, from: 0, patience: 100 });
    response.pause();
    const sent = await ended.promise;
    expect(read - sent).toBeLessThanOrEqual(64);
    expect(read * length).toBeLessThan(64 * 1024 * 1024);
    response.on('error', () => {});
    response.resume();
    await new Promise((resolve) => response.once('close', resolve));
    expect(response.complete).toBe(false);
  });

  it('that goes away ends it', async () => {
    const gone = new AbortController();
    const response = await serve({ log: { ...endless, size: 0 }, from: 0 }, gone.signal);
    response.destroy();
    gone.abort();
    expect(await ended.promise).toBe(0);
  });

  it('of a log that cannot be read is cut off, so that nobody takes a part for the whole', async () => {
    const broken = { size: 5, entries: () => Promise.reject(new Error('the disk is gone')) };
    const told = expect(ended.promise).rejects.toThrow('the disk is gone');
    const response = await serve({ log: broken, from: 0 });
    response.on('error', () => {});
    await told;
    response.resume();
    await new Promise((resolve) => response.once('close', resolve));
    expect(response.complete).toBe(false);
  });

  it('of a log that was pruned gets what is left under its own index, and the stream goes on', async () => {
    const gone = new AbortController();
    const left = [70, 71, 199];
    const pruned = {
      size: 200,
      entries: async (from: number, to: number) => left.filter((seq) => seq >= from && seq < to).map(entryAt),
    };
    const response = await serve({ log: pruned, from: 0 }, gone.signal);
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.includes('id: 199\n')) gone.abort();
    }
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))).toEqual(left);
    expect(await ended.promise).toBe(3);
  });
});
