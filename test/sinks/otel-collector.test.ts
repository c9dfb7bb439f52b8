import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import { eventTypes } from '#audit/event.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { Batch } from '#sinks/driver.ts';
import { OtlpDriver } from '#sinks/http/otlp-driver.ts';
import { bareEvent, exported, fullEvent } from '#test/export/sample.ts';
import { describeWith } from '#test/oracles.ts';
import { OtelCollector } from './otel-collector.ts';

const never = new AbortController().signal;
const formats = ['otlp', 'otlp-proto'] as const;
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Every type of record, with all its members and with none that it can lack. */
const records = eventTypes.flatMap((type) => [
  exported({ ...fullEvent(type, 'denied', '€\u{1f511}"\\\n'), request: { id: 'r', traceparent } }),
  exported(bareEvent(type, 'success')),
]);
const batch = (format: (typeof formats)[number]): Batch => ({
  from: 0,
  to: records.length,
  gone: [],
  rows: records.map((record, seq) => ({ seq, entry: record.entry, octets: rowFormats[format].row(record) })),
});
/** What we wrote, as one request. */
const sent = records.flatMap((record) => JSON.parse(Buffer.from(rowFormats.otlp.row(record)).toString()).resourceLogs);

describeWith(['set:opentelemetry'], "OpenTelemetry's Collector", (path) => {
  let collector: OtelCollector;
  beforeAll(async () => {
    collector = await OtelCollector.start(path('set:opentelemetry'));
  });
  afterAll(() => collector[Symbol.asyncDispose]());
  const driver = (format: (typeof formats)[number]) =>
    new OtlpDriver({ kind: 'otlp', url: collector.url, tls: {}, headers: [] }, format);

  it.each(formats)(
    'A-36: refuses octets that are not %s as such, so that the row is found that is wrong',
    async (format) => {
      const wrong = {
        ...batch(format),
        rows: [
          {
            seq: 0,
            entry: decodeEntry(records[0]?.octets ?? new Uint8Array()),
            octets: Buffer.from('{"resourceLogs":[{"resource":7}]}\n'),
          },
        ],
      };
      expect(await driver(format).send(wrong, undefined, never)).toMatchObject({
        kind: 'unfit',
        reason: expect.stringMatching(/^HTTP 400: ./),
      });
    },
  );

  it('takes what the sink sends of every type, in JSON and in protocol buffers, and reads the same out of both', async () => {
    for (const format of formats) {
      const open = driver(format);
      expect(await open.send(batch(format), undefined, never)).toEqual({ kind: 'accepted' });
      await open.close();
    }
    const { json, protobuf } = await collector.written();
    expect(json).toEqual(formats.map(() => ({ resourceLogs: sent })));
    // As it writes files of protocol buffers, so does an export.
    expect(protobuf.readUInt32BE(0) + 4).toBe(protobuf.length / 2);
  });
});
