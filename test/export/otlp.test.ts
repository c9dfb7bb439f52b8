import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { leafHash } from '#audit/merkle.ts';
import { otlp, otlpProto } from '#export/otlp/otlp.ts';
import { describeWith } from '#test/oracles.ts';
import { readBy } from './readers.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const traced = (event: AuditEvent): AuditEvent => ({ ...event, request: { id: 'r', traceparent } });
const written = (event: AuditEvent) => JSON.parse(Buffer.from(otlp.row(exported(event))).toString());

describe('OTLP', () => {
  it('the body is the record itself, which hashes to its leaf', () => {
    const record = exported(fullEvent('certificate.issued', 'success', '€'));
    const [{ scopeLogs }] = JSON.parse(Buffer.from(otlp.row(record)).toString()).resourceLogs;
    const body = Buffer.from(scopeLogs[0].logRecords[0].body.stringValue);
    expect(leafHash(body)).toEqual(record.leafHash);
  });

  it.each([
    ['issued', bareEvent('certificate.issued', 'success'), 9],
    ['denied', bareEvent('certificate.denied', 'denied'), 13],
    ['not published', bareEvent('log.checkpoint-failed', 'failed'), 17],
  ])('its severity: %s', (_, event, severityNumber) =>
    expect(written(event).resourceLogs[0].scopeLogs[0].logRecords[0]).toMatchObject({ severityNumber }),
  );

  it('has no trace where the request had none, or none that can be read', () => {
    for (const event of [bareEvent('log.opened', 'success'), fullEvent('log.opened', 'success', 'x')])
      expect(Object.keys(written(event).resourceLogs[0].scopeLogs[0].logRecords[0])).not.toContain('traceId');
  });
});

describeWith(['export-readers'], "OTLP, by OpenTelemetry's own messages", (path) => {
  const python = path('export-readers');
  const events = eventTypes.flatMap((type) => [
    traced(fullEvent(type, 'denied', '€\u{1f511}"\\\n')),
    bareEvent(type, 'success'),
  ]);
  const octets = (format: typeof otlp) =>
    Buffer.concat(events.map((event) => Buffer.from(format.row(exported(event)))));

  it('protocol buffers say what JSON says, of every type', () => {
    const fromProtobuf = readBy(python, 'read-otlp.py', octets(otlpProto), 'protobuf');
    expect(fromProtobuf).toHaveLength(events.length);
    for (const [at, event] of events.entries()) {
      const [{ resource, scopeLogs }] = written(event).resourceLogs;
      const [{ traceId, spanId, ...record }] = scopeLogs[0].logRecords;
      const ids = traceId && { traceId: base64(traceId), spanId: base64(spanId) };
      const severityNumber = expect.stringMatching(/^SEVERITY_NUMBER_/);
      const expected = { ...record, ...ids, severityNumber };
      expect(fromProtobuf[at]).toEqual({
        resourceLogs: [{ resource, scopeLogs: [{ ...scopeLogs[0], logRecords: [expected] }] }],
      });
    }
  });

  it('JSON is OTLP, of every type: nothing is there that it does not know', () => {
    expect(readBy(python, 'read-otlp.py', octets(otlp), 'json')).toHaveLength(events.length);
  });
});

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
