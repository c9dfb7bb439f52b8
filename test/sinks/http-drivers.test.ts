import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RowFormatName } from '#export/format-names.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { Driver, Outcome } from '#sinks/driver.ts';
import { ElasticDriver } from '#sinks/http/elastic-driver.ts';
import { OtlpDriver } from '#sinks/http/otlp-driver.ts';
import { SplunkDriver } from '#sinks/http/splunk-driver.ts';
import { answer, type Handler, Receiver } from './receiver.ts';
import { batchOf, rig } from './rig.ts';
import { ElasticStandIn, OtlpStandIn, SplunkStandIn } from './stand-ins.ts';
import { makeTlsFiles } from './tls-files.ts';

const never = new AbortController().signal;
const idOf = (seq: number) => `0193b5c0-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`;
const send = (driver: Driver, from: number, to: number, signal = never) =>
  driver.send(batchOf(from, to, driver instanceof OtlpDriver ? 'otlp' : 'jsonl'), undefined, signal);

describe('sinks over HTTP', () => {
  let folder: string;
  const secret = (name: string) => ({ file: join(folder, name) });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-secrets-'));
    const secrets = { key: 'c2VjcmV0', token: '11111111-2222-3333-4444-555555555555', header: 'header-secret' };
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const index = 'logs-countersign.audit-default';
  const elastic = (url: string, format: RowFormatName = 'jsonl') =>
    new ElasticDriver(
      {
        kind: 'elastic',
        url,
        tls: {},
        index,
        authorization: { kind: 'apiKey', secret: secret('key') },
      },
      format,
    );
  const splunk = (url: string, acknowledge = true) =>
    new SplunkDriver({ kind: 'splunk', url, tls: {}, token: secret('token'), acknowledge }, 'log.test/sinks');
  const otlp = (url: string, format: RowFormatName = 'otlp') => {
    const headers = [{ name: 'x-api-key', secret: secret('header') }];
    return new OtlpDriver({ kind: 'otlp', url, tls: {}, headers }, format);
  };
  const drivers = { elastic, splunk, otlp };

  describe('Elasticsearch', () => {
    it('takes each record once, by its id, however often it is sent', async () => {
      const standIn = new ElasticStandIn();
      await using receiver = await Receiver.listen(standIn.handler);
      const driver = elastic(receiver.url);
      expect(await send(driver, 0, 10)).toEqual({ kind: 'accepted' });
      expect(await send(driver, 5, 20)).toEqual({ kind: 'accepted' });
      expect([...standIn.documents.keys()]).toEqual(Array.from({ length: 20 }, (_, seq) => idOf(seq)));
      expect(standIn.documents.get(idOf(3))).toMatchObject({ seq: 3, '@timestamp': '2026-11-21T14:59:00.003Z' });
      expect(standIn.repeated).toBe(5);
      await driver.close();
    });

    it('takes documents of ECS as they are', async () => {
      const standIn = new ElasticStandIn();
      await using receiver = await Receiver.listen(standIn.handler);
      const driver = elastic(receiver.url, 'ecs');
      expect(await driver.send(batchOf(0, 2, 'ecs'), undefined, never)).toEqual({ kind: 'accepted' });
      expect(standIn.documents.get(idOf(1))).toMatchObject({
        '@timestamp': '2026-11-21T14:59:00.001Z',
        event: { sequence: 1 },
      });
      await driver.close();
    });

    it('A-28: names what will never fit its mapping, and nothing that it had no room for', async () => {
      const standIn = new ElasticStandIn();
      standIn.unfitting.add(idOf(2));
      standIn.once.set(idOf(4), 429);
      await using receiver = await Receiver.listen(standIn.handler);
      const driver = elastic(receiver.url);
      expect(await send(driver, 0, 6)).toMatchObject({ kind: 'retry', reason: expect.stringContaining('429') });
      expect(await send(driver, 0, 6)).toEqual({
        kind: 'refused',
        rows: new Map([[2, 'document: 400: document_parsing_exception: failed to parse field [asked]']]),
      });
      await driver.close();
    });
  });

  describe('Splunk', () => {
    it('takes events with time, source and type, and a batch counts once it is indexed', async () => {
      const standIn = new SplunkStandIn();
      await using receiver = await Receiver.listen(standIn.handler);
      const driver = splunk(receiver.url);
      expect(await send(driver, 0, 3)).toEqual({ kind: 'accepted' });
      expect(standIn.looks).toBe(2);
      expect(standIn.events.map(({ event }) => event)).toMatchObject([{ seq: 0 }, { seq: 1 }, { seq: 2 }]);
      expect(standIn.events[1]).toMatchObject({
        time: Date.parse('2026-11-21T14:59:00.001Z') / 1000,
        source: 'log.test/sinks',
        sourcetype: 'countersign:audit',
      });
      await driver.close();
    });

    it('is told when its token does not acknowledge, and taken at its word where that was not asked for', async () => {
      const standIn = new SplunkStandIn();
      standIn.acknowledges = false;
      await using receiver = await Receiver.listen(standIn.handler);
      expect(await send(splunk(receiver.url), 0, 1)).toMatchObject({
        kind: 'retry',
        reason: expect.stringContaining('acknowledgement is not enabled'),
      });
      expect(await send(splunk(receiver.url, false), 0, 1)).toEqual({ kind: 'accepted' });
    });

    it.each([
      [{ text: 'Incorrect index', code: 7 }, 'retry'],
      [{ text: 'Invalid data format', code: 6 }, 'unfit'],
    ])('says %j: %s', async (body, kind) => {
      await using receiver = await Receiver.listen((_, response) => answer(response, 400, body));
      expect(await send(splunk(receiver.url), 0, 2)).toMatchObject({
        kind,
        reason: expect.stringContaining(body.text),
      });
    });
  });

  describe('OTLP', () => {
    it('A-36: is sent log records whose body is the entry, with event name, time and severity', async () => {
      const standIn = new OtlpStandIn();
      await using receiver = await Receiver.listen(standIn.handler);
      const driver = otlp(receiver.url);
      expect(await send(driver, 0, 4)).toEqual({ kind: 'accepted' });
      expect(standIn.records).toEqual(
        [0, 1, 2, 3].map((seq) => ({ seq, id: idOf(seq), eventName: 'certificate.issued', severityNumber: 9 })),
      );
      await driver.close();
    });

    it.each([
      ['nothing', '', 'accepted', undefined],
      ['none rejected, with a warning', '0a0412026f6b', 'accepted', undefined],
      ['one rejected', '0a0908011205746f6f206f', 'doubtful', '1 of 2 rejected: too o'],
      ['one rejected, and more than we know of', '0a0c0801180725000000001a0161', 'doubtful', '1 of 2 rejected'],
      ['all rejected', '0a020802', 'unfit', '2 of 2 rejected'],
      ['a message that is cut off', '0a0908011205746f6f', 'retry', undefined],
      ['a group, which there is none of', '0b0c', 'retry', undefined],
      ['a number without an end', '0affffffffffffffffffff01', 'retry', undefined],
      ['field 0', '0200', 'retry', undefined],
    ])('A-36: %s, in protocol buffers', async (_, hex, kind, reason) => {
      const type = { 'content-type': 'application/x-protobuf' };
      await using receiver = await Receiver.listen(({ headers }, response) =>
        response
          .writeHead(headers['content-type'] === type['content-type'] ? 200 : 415, type)
          .end(Buffer.from(hex, 'hex')),
      );
      const driver = otlp(receiver.url, 'otlp-proto');
      const outcome = await driver.send(batchOf(0, 2, 'otlp-proto'), undefined, never);
      expect(outcome).toMatchObject({ kind, ...(reason !== undefined && { reason }) });
      await driver.close();
    });

    it('A-36: a partial rejection is not sent again, but told', async () => {
      const standIn = new OtlpStandIn();
      standIn.reject = { count: 1, message: 'too old' };
      await using receiver = await Receiver.listen(standIn.handler);
      const { delivery, cursor, dead, publish, at } = rig({ driver: otlp(receiver.url), format: rowFormats.otlp });
      publish(3);
      await at(3);
      await delivery.stop();
      expect(standIn.records).toHaveLength(3);
      expect(cursor.place.next).toBe(3);
      expect(dead.map(({ row, reason }) => [row.seq, reason])).toEqual(
        [0, 1, 2].map((seq) => [seq, '1 of 3 rejected: too old']),
      );
    });
  });

  const misbehaved: readonly (readonly [string, Handler, Partial<Record<string, unknown>>])[] = [
    ['429 with Retry-After', (_, r) => answer(r, 429, {}, { 'retry-after': '120' }), { afterMs: 120_000 }],
    ['503', (_, r) => answer(r, 503, { text: 'busy' }), { reason: expect.stringMatching(/^HTTP 503: .*busy/) }],
    ['401, which an operator can mend', (_, r) => answer(r, 401, {}), { reason: expect.stringContaining('401') }],
    ['a redirect, which is not followed', (_, r) => r.writeHead(302, { location: '/login' }).end(), {}],
    ['200 and a page for people', (_, r) => r.writeHead(200).end('<html>Sign in</html>'), {}],
    ['a reset', (_, r) => void r.socket?.destroy(), {}],
    ['half an answer', (_, r) => void r.writeHead(200, { 'content-length': 9 }).write('{}', () => r.destroy()), {}],
  ];
  describe.each(Object.entries(drivers))('%s', (_, open) => {
    it.each(misbehaved)('A-36: answered with %s, it is to be sent again', async (_, handler, more) => {
      await using receiver = await Receiver.listen(handler);
      const driver = open(receiver.url);
      const outcome: Outcome = await send(driver, 0, 2).catch((thrown: Error) => ({
        kind: 'retry',
        reason: thrown.message,
      }));
      expect(outcome).toMatchObject({ kind: 'retry', ...more });
      expect(JSON.stringify(outcome)).not.toMatch(/c2VjcmV0|11111111|header-secret/);
      await driver.close();
    });

    it.each([400, 403, 503])(
      'repeats nothing secret of what it sent, where a receiver that says %i shows it',
      async (status) => {
        await using receiver = await Receiver.listen(({ headers }, response) =>
          answer(response, status, { text: 'you sent', headers }),
        );
        const outcome = await send(open(receiver.url), 0, 2);
        expect(outcome).toMatchObject({ reason: expect.stringContaining('you sent') });
        expect(JSON.stringify(outcome)).not.toMatch(/c2VjcmV0|11111111|header-secret/);
      },
    );

    it('too much at once is divided', async () => {
      await using receiver = await Receiver.listen((_, response) => answer(response, 413, {}));
      expect(await send(open(receiver.url), 0, 2)).toMatchObject({ kind: 'unfit' });
    });

    it('ends when it is called off while nothing is answered', async () => {
      const asked = Promise.withResolvers<void>();
      await using receiver = await Receiver.listen(() => asked.resolve());
      const off = new AbortController();
      const sent = send(open(receiver.url), 0, 2, off.signal);
      await asked.promise;
      off.abort();
      await expect(sent).rejects.toThrow(/abort/);
    });
  });

  it('speaks TLS with a certificate of its own, and to nobody whose certificate it does not trust', async () => {
    using files = makeTlsFiles();
    const standIn = new ElasticStandIn();
    const tls = { ...files.server(), requestCert: true, rejectUnauthorized: true };
    await using receiver = await Receiver.listen(standIn.handler, tls);
    const authorization = { kind: 'apiKey', secret: secret('key') } as const;
    const target = { kind: 'elastic', url: receiver.url, index, authorization } as const;
    const { ca = '' } = files.client;
    expect(await send(new ElasticDriver({ ...target, tls: files.client }, 'jsonl'), 0, 1)).toEqual({
      kind: 'accepted',
    });
    await expect(send(new ElasticDriver({ ...target, tls: { ca } }, 'jsonl'), 0, 1)).rejects.toThrow();
    await expect(send(new ElasticDriver({ ...target, tls: {} }, 'jsonl'), 0, 1)).rejects.toThrow(/verif|self-signed/);
    expect(standIn.documents.size).toBe(1);
  });

  it('A-28: a sink that resets, stalls, forgets and lies, before and after it has taken a batch, ends up with every record', async () => {
    const standIn = new ElasticStandIn();
    let turn = 0;
    const unruly: Handler = (received, response) => {
      const discard = () => response.socket?.destroy();
      const taken = (then: () => void) => {
        standIn.handler(received, Object.assign(Object.create(response), { writeHead: () => ({ end: then }) }));
      };
      const ways = [
        discard,
        () => taken(discard),
        () => answer(response, 503, {}),
        () => standIn.handler(received, response),
        () => taken(() => answer(response, 200, { errors: false, items: [] })),
        () => taken(() => answer(response, 504, {})),
        () => standIn.handler(received, response),
      ];
      ways[turn++ % ways.length]?.();
    };
    await using receiver = await Receiver.listen(unruly);
    const { delivery, cursor, pace, dead, publish } = rig({ driver: elastic(receiver.url) });
    publish(1_500);
    while (cursor.place.next < 1_500) {
      await new Promise((resolve) => setImmediate(resolve));
      pace.advance(60_000);
    }
    await delivery.stop();
    expect([...standIn.documents.keys()]).toEqual(Array.from({ length: 1_500 }, (_, seq) => idOf(seq)));
    expect(standIn.repeated).toBeGreaterThan(0);
    expect(dead).toEqual([]);
  });
});
