import type { Entry } from '#audit/entry.ts';
import { readSecret } from '#keys/secret-source.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row, retry } from '../driver.ts';
import type { OtlpTarget } from '../settings.ts';
import { HttpClient } from './client.ts';
import { isObject, objectIn, refusalOf, wordsOf } from './verdict.ts';

/** Log records over OTLP/HTTP in JSON (OTLP 1.5): each row is the body of one. */
export class OtlpDriver implements Driver {
  readonly #target: OtlpTarget;
  readonly #origin: string;
  readonly #client: HttpClient;

  constructor(target: OtlpTarget, origin: string) {
    this.#target = target;
    this.#origin = origin;
    this.#client = new HttpClient(target.url, target.tls);
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    for (const { name, secret } of this.#target.headers)
      headers[name] = await readSecret(secret, `header ${name} of the sink`);
    const body = Buffer.from(JSON.stringify(this.#request(rows)));
    const answer = await this.#client.post('/v1/logs', headers, body, signal);
    return refusalOf(answer) ?? outcomeOf(answer.body, rows.length);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #request(rows: readonly Row[]): object {
    const resource = { attributes: [attribute('service.name', 'countersign')] };
    const logRecords = rows.map((row) => logRecord(row, this.#origin));
    return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'countersign.audit' }, logRecords }] }] };
  }
}

function logRecord({ seq, entry, octets }: Row, origin: string): object {
  const timeUnixNano = `${Date.parse(entry.time)}000000`;
  const [severityNumber, severityText] = severityOf(entry);
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber,
    severityText,
    eventName: entry.type,
    body: { stringValue: Buffer.from(octets).toString('utf8').trimEnd() },
    attributes: [
      attribute('log.record.uid', entry.id),
      attribute('countersign.log.origin', origin),
      { key: 'countersign.log.seq', value: { intValue: String(seq) } },
      attribute('countersign.outcome', entry.outcome),
      ...(typeof entry.reason === 'string' ? [attribute('countersign.reason', entry.reason)] : []),
    ],
  };
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function severityOf({ outcome }: Entry): readonly [number, string] {
  if (outcome === 'success') return [9, 'INFO'];
  return outcome === 'denied' ? [13, 'WARN'] : [17, 'ERROR'];
}

/** A partial success says how many were rejected and not which; it must not be sent again. */
function outcomeOf(body: string, count: number): Outcome {
  const answer = body.trim() === '' ? {} : objectIn(body);
  if (answer === undefined) return retry(wordsOf('it does not answer as OTLP does', body));
  const partial = isObject(answer.partialSuccess) ? answer.partialSuccess : {};
  const rejected = Number(partial.rejectedLogRecords ?? 0);
  if (!(rejected > 0)) return accepted;
  const reason = wordsOf(`${rejected} of ${count} rejected`, String(partial.errorMessage ?? ''));
  return rejected >= count ? { kind: 'unfit', reason } : { kind: 'doubtful', reason };
}
