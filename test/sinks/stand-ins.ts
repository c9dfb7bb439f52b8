import { decodeEntry } from '#audit/entry.ts';
import { answer, type Handler } from './receiver.ts';

/** Strict where the real ones are; each keeps what it took, by id. */
export class ElasticStandIn {
  readonly documents = new Map<string, unknown>();
  repeated = 0;
  /** Ids that do not fit its mapping. */
  readonly unfitting = new Set<string>();
  /** Status for the document with this id, once. */
  readonly once = new Map<string, number>();

  readonly handler: Handler = ({ path, headers, body }, response) => {
    if (headers.authorization !== 'ApiKey c2VjcmV0')
      return answer(response, 401, { error: { type: 'security_exception', reason: 'missing authentication' } });
    if (path !== '/logs-countersign.audit-default/_bulk' || headers['content-type'] !== 'application/x-ndjson')
      return answer(response, 400, { error: { type: 'illegal_argument_exception', reason: path } });
    const lines = body.split('\n');
    if (lines.pop() !== '')
      return answer(response, 400, { error: { type: 'illegal_argument_exception', reason: 'must end in a newline' } });
    const items = [];
    for (let at = 0; at < lines.length; at += 2) {
      const id = String(JSON.parse(lines[at] ?? '').create._id);
      items.push({ create: { _id: id, ...this.#take(id, lines[at + 1] ?? '') } });
    }
    answer(response, 200, { errors: items.some(({ create }) => create.status !== 201), items });
  };

  #take(id: string, line: string): { status: number; error?: object } {
    const status = this.once.get(id);
    this.once.delete(id);
    if (status !== undefined) return { status, error: { type: 'es_rejected_execution_exception', reason: 'full' } };
    const document = JSON.parse(line);
    if (this.unfitting.has(id) || typeof document['@timestamp'] !== 'string')
      return { status: 400, error: { type: 'document_parsing_exception', reason: 'failed to parse field [asked]' } };
    if (this.documents.has(id)) {
      this.repeated++;
      return { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'exists' } };
    }
    this.documents.set(id, document);
    return { status: 201 };
  }
}

export class SplunkStandIn {
  readonly events: { time: number; source: string; sourcetype: string; event: object }[] = [];
  readonly #pending = new Map<number, number>();
  acknowledges = true;
  looks = 0;

  readonly handler: Handler = ({ path, headers, body }, response) => {
    if (headers.authorization !== 'Splunk 11111111-2222-3333-4444-555555555555')
      return answer(response, 403, { text: 'Invalid token', code: 4 });
    const channel = headers['x-splunk-request-channel'];
    if (this.acknowledges && typeof channel !== 'string')
      return answer(response, 400, { text: 'Data channel is missing', code: 10 });
    if (path.startsWith('/services/collector/ack?channel=')) {
      this.looks++;
      const ids: number[] = JSON.parse(body).acks;
      const acks = Object.fromEntries(ids.map((id) => [id, (this.#pending.get(id) ?? 0) < this.looks]));
      return answer(response, 200, { acks });
    }
    if (path !== '/services/collector/event') return answer(response, 404, { text: 'not found', code: 404 });
    const events = body.split('\n').map((line) => JSON.parse(line));
    const invalid = events.findIndex(({ event }) => typeof event !== 'object');
    if (invalid >= 0)
      return answer(response, 400, { text: 'Invalid data format', code: 6, 'invalid-event-number': invalid });
    this.events.push(...events);
    const ackId = this.events.length;
    this.#pending.set(ackId, this.looks + 1);
    answer(response, 200, { text: 'Success', code: 0, ...(this.acknowledges && { ackId }) });
  };
}

/** What OTLP/HTTP calls for in JSON, as far as it is sent here. */
export class OtlpStandIn {
  readonly records: { seq: number; id: string; eventName: string; severityNumber: number }[] = [];
  reject: { readonly count: number; readonly message: string } | undefined;

  readonly handler: Handler = ({ path, headers, body }, response) => {
    if (path !== '/v1/logs' || headers['content-type'] !== 'application/json')
      return answer(response, 415, { code: 3, message: path });
    if (headers['x-api-key'] !== 'header-secret') return answer(response, 401, { code: 16, message: 'no key' });
    for (const { resource, scopeLogs } of JSON.parse(body).resourceLogs) {
      if (attributesIn(resource).get('service.name') !== 'countersign') throw new Error('no service.name');
      for (const record of scopeLogs.flatMap((each: { logRecords: object[] }) => each.logRecords)) this.#take(record);
    }
    const partialSuccess = this.reject && {
      rejectedLogRecords: String(this.reject.count),
      errorMessage: this.reject.message,
    };
    answer(response, 200, partialSuccess === undefined ? {} : { partialSuccess });
  };

  #take(record: { body: { stringValue: string }; eventName: string; severityNumber: number; timeUnixNano: string }) {
    const { seq, id, time } = decodeEntry(Buffer.from(record.body.stringValue));
    const attributes = attributesIn(record);
    if (attributes.get('log.record.uid') !== id) throw new Error('another id');
    if (attributes.get('countersign.seq') !== String(seq)) throw new Error('another seq');
    if (BigInt(record.timeUnixNano) !== BigInt(Date.parse(time)) * 1_000_000n) throw new Error('another time');
    this.records.push({ seq, id, eventName: record.eventName, severityNumber: record.severityNumber });
  }
}

function attributesIn(holder: object): Map<string, string> {
  const list: { key: string; value: { stringValue?: string; intValue?: string } }[] = Object(holder).attributes;
  return new Map(list.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']));
}
