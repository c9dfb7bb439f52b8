import { type Exported, rowFormat } from '../format.ts';
import { type Attributes, attributesOf, type LogRecord, logRecord, otlpResource, type Value } from './log-record.ts';
import { Message } from './protobuf.ts';

const mapping = 1;
const scope = { name: 'countersign.audit', version: String(mapping) } as const;

/** A request of the OTLP logs service, in OTLP's own JSON. */
export const otlpJson = (record: Exported): string =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: keyValues(attributesOf(otlpResource, record)) },
        scopeLogs: [{ scope, logRecords: [recordJson(logRecord(record))] }],
      },
    ],
  });

function recordJson({ timeUnixNano, body, attributes, traceId, spanId, flags, ...rest }: LogRecord) {
  return {
    timeUnixNano: String(timeUnixNano),
    observedTimeUnixNano: String(timeUnixNano),
    ...rest,
    body: { stringValue: body },
    attributes: keyValues(attributes),
    ...(traceId && { traceId, spanId, flags }),
  };
}

const keyValues = (attributes: Attributes) => attributes.map(([key, value]) => ({ key, value: valueJson(value) }));

function valueJson(value: Value): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return { intValue: String(value) };
    case 'object':
      return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
  }
}

/** The same in protocol buffers: opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest. */
export function otlpProtobuf(record: Exported): Uint8Array {
  const resource = attributeMessages(new Message(), 1, attributesOf(otlpResource, record));
  const scopeLogs = new Message()
    .message(1, new Message().text(1, scope.name).text(2, scope.version))
    .message(2, recordMessage(logRecord(record)));
  return new Message().message(1, new Message().message(1, resource).message(2, scopeLogs)).finish();
}

function recordMessage(log: LogRecord): Message {
  const message = new Message()
    .fixed64(1, log.timeUnixNano)
    .integer(2, log.severityNumber)
    .text(3, log.severityText)
    .message(5, new Message().text(1, log.body));
  attributeMessages(message, 6, log.attributes);
  if (log.traceId !== undefined && log.spanId !== undefined)
    message.fixed32(8, log.flags).octets(9, Buffer.from(log.traceId, 'hex')).octets(10, Buffer.from(log.spanId, 'hex'));
  return message.fixed64(11, log.timeUnixNano).text(12, log.eventName);
}

function attributeMessages(message: Message, field: number, attributes: Attributes): Message {
  for (const [name, value] of attributes)
    message.message(field, new Message().text(1, name).message(2, valueMessage(value)));
  return message;
}

function valueMessage(value: Value): Message {
  switch (typeof value) {
    case 'string':
      return new Message().text(1, value);
    case 'boolean':
      return new Message().integer(2, value);
    case 'number':
      return new Message().integer(3, value);
    case 'object': {
      const values = new Message();
      for (const each of value) values.message(1, new Message().text(1, each));
      return new Message().message(5, values);
    }
  }
}

export const otlp = rowFormat({
  about: 'requests of OTLP logs in JSON, one a line',
  mapping,
  holdsEntries: false,
  row: (record) => Buffer.from(`${otlpJson(record)}\n`),
});

/** As the OpenTelemetry Collector writes them to files: each behind its length in four octets, the greatest first. */
export const otlpProto = rowFormat({
  about: 'requests of OTLP logs in protocol buffers, each behind its length in four octets',
  mapping,
  holdsEntries: false,
  row: (record) => {
    const message = otlpProtobuf(record);
    const framed = Buffer.allocUnsafe(4 + message.length);
    framed.writeUInt32BE(message.length);
    framed.set(message, 4);
    return framed;
  },
});
