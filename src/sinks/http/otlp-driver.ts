import type { RowFormatName } from '#export/format-names.ts';
import { readSecret } from '#keys/secret-source.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row, retry } from '../driver.ts';
import type { OtlpTarget } from '../settings.ts';
import type { Answer } from './answer.ts';
import { type Taken, takenInJson, takenInProtobuf } from './otlp-answer.ts';
import { post } from './post.ts';
import { refusalOf } from './verdict.ts';

/** How requests and answers are written. */
interface Wire {
  readonly contentType: string;
  /** One request of all: each row is a request of its own, around one record. */
  request(rows: readonly Row[]): Uint8Array;
  taken(answer: Uint8Array): Taken | undefined;
}

/** Log records over OTLP/HTTP, in JSON or in protocol buffers. */
export class OtlpDriver implements Driver {
  readonly #target: OtlpTarget;
  readonly #wire: Wire;

  constructor(target: OtlpTarget, format: RowFormatName) {
    this.#target = target;
    this.#wire = format === 'otlp-proto' ? protobuf : json;
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const headers: Record<string, string> = { 'content-type': this.#wire.contentType };
    const secrets: string[] = [];
    for (const { name, secret } of this.#target.headers) {
      const value = await readSecret(secret, `header ${name} of the sink`);
      headers[name] = value;
      secrets.push(value);
    }
    const answer = await post(this.#target, '/v1/logs', { headers, body: this.#wire.request(rows), secrets }, signal);
    const refusal = refusalOf(answer);
    if (refusal !== undefined) return refusal;
    const taken = this.#wire.taken(answer.octets);
    if (taken === undefined) return retry(answer.words('it does not answer as OTLP does'));
    return outcomeOf(answer, taken, rows.length);
  }

  async close(): Promise<void> {}
}

const before = '{"resourceLogs":[';
const behind = ']}\n';

const json: Wire = {
  contentType: 'application/json',
  request(rows) {
    const inner = rows.map(({ octets }) => octets.subarray(before.length, octets.length - behind.length));
    const joined = inner.flatMap((each, at) => (at === 0 ? [each] : [Buffer.from(','), each]));
    return Buffer.concat([Buffer.from(before), ...joined, Buffer.from(behind)]);
  },
  taken: takenInJson,
};

/** Octets of a row before its message: how long that is. */
const lengthOctets = 4;

const protobuf: Wire = {
  contentType: 'application/x-protobuf',
  // Messages put behind each other are one message, with all elements of their lists.
  request: (rows) => Buffer.concat(rows.map(({ octets }) => octets.subarray(lengthOctets))),
  taken: takenInProtobuf,
};

/** A partial success says how many were rejected and not which; it must not be sent again. */
function outcomeOf(answer: Answer, { rejected, message }: Taken, count: number): Outcome {
  if (!(rejected > 0)) return accepted;
  const reason = answer.words(`${rejected} of ${count} rejected`, message);
  return rejected >= count ? { kind: 'unfit', reason } : { kind: 'doubtful', reason };
}
