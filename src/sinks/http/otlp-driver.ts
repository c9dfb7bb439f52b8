import { readSecret } from '#keys/secret-source.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row, retry } from '../driver.ts';
import type { OtlpTarget } from '../settings.ts';
import { HttpClient } from './client.ts';
import { isObject, objectIn, refusalOf, wordsOf } from './verdict.ts';

/** Log records over OTLP/HTTP, in JSON. */
export class OtlpDriver implements Driver {
  readonly #target: OtlpTarget;
  readonly #client: HttpClient;

  constructor(target: OtlpTarget) {
    this.#target = target;
    this.#client = new HttpClient(target.url, target.tls);
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    for (const { name, secret } of this.#target.headers)
      headers[name] = await readSecret(secret, `header ${name} of the sink`);
    const answer = await this.#client.post('/v1/logs', headers, requestOf(rows), signal);
    return refusalOf(answer) ?? outcomeOf(answer.body, rows.length);
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

const before = '{"resourceLogs":[';
const behind = ']}\n';

/** One request of all: each row is a request of its own, around one record. */
function requestOf(rows: readonly Row[]): Uint8Array {
  const inner = rows.map(({ octets }) => octets.subarray(before.length, octets.length - behind.length));
  const joined = inner.flatMap((each, at) => (at === 0 ? [each] : [Buffer.from(','), each]));
  return Buffer.concat([Buffer.from(before), ...joined, Buffer.from(behind)]);
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
