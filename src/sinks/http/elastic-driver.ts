import type { RowFormatName } from '#export/format-names.ts';
import { readSecret } from '#keys/secret-source.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row, retry } from '../driver.ts';
import type { ElasticTarget } from '../settings.ts';
import type { Answer } from './answer.ts';
import { post } from './post.ts';
import { isObject, objectIn, refusalOf } from './verdict.ts';

/** Elasticsearch and what speaks its bulk API: `create` under the record's id, so that a repetition changes nothing. */
export class ElasticDriver implements Driver {
  readonly #target: ElasticTarget;
  readonly #isEcs: boolean;

  constructor(target: ElasticTarget, format: RowFormatName) {
    this.#target = target;
    this.#isEcs = format === 'ecs';
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const body = Buffer.concat(rows.map((row) => actionAndDocument(row, this.#isEcs)));
    const { authorization, secrets } = await authorizationOf(this.#target);
    const headers = { 'content-type': 'application/x-ndjson', ...(authorization !== undefined && { authorization }) };
    const path = `/${encodeURIComponent(this.#target.index)}/_bulk`;
    const answer = await post(this.#target, path, { headers, body, secrets }, signal);
    return refusalOf(answer) ?? outcomeOf(answer, rows.length);
  }

  async close(): Promise<void> {}
}

interface Authorization {
  readonly authorization?: string;
  readonly secrets: readonly string[];
}

async function authorizationOf({ authorization }: ElasticTarget): Promise<Authorization> {
  if (authorization === undefined) return { secrets: [] };
  const secret = await readSecret(authorization.secret, 'secret of the sink');
  if (authorization.kind === 'apiKey')
    return { authorization: `ApiKey ${secret}`, secrets: [secret, ...insideOf(secret)] };
  const both = Buffer.from(`${authorization.user}:${secret}`).toString('base64');
  return { authorization: `Basic ${both}`, secrets: [both, secret] };
}

/** An API key is `ID:KEY` in base64; a receiver that speaks of it may have taken it apart. */
function insideOf(apiKey: string): string[] {
  const [, key] = Buffer.from(apiKey, 'base64').toString('utf8').split(':');
  return key === undefined ? [] : [key];
}

/** A row of ECS is both; a document of another format is given the `@timestamp` that a data stream wants in each. */
function actionAndDocument({ entry, octets }: Row, isEcs: boolean): Uint8Array {
  if (isEcs) return octets;
  const document = Buffer.from(octets).toString('utf8').slice(1);
  return Buffer.from(`{"create":{"_id":"${entry.id}"}}\n{"@timestamp":"${entry.time}",${document}`);
}

function outcomeOf(answer: Answer, count: number): Outcome {
  const items = objectIn(answer.body)?.items;
  if (!Array.isArray(items) || items.length !== count)
    return retry(answer.words('it does not say what became of each document'));
  const refused = new Map<number, string>();
  for (const [at, item] of items.entries()) {
    const { status, error } = createdIn(item);
    // 409: it has this one from before.
    if ((status >= 200 && status < 300) || status === 409) continue;
    const reason = answer.words(`document: ${status}`, isObject(error) ? `${error.type}: ${error.reason}` : '');
    if (status !== 400) return retry(reason);
    refused.set(at, reason);
  }
  return refused.size === 0 ? accepted : { kind: 'refused', rows: refused };
}

function createdIn(item: unknown): { status: number; error: unknown } {
  const created = isObject(item) ? item.create : undefined;
  return isObject(created) ? { status: Number(created.status), error: created.error } : { status: 0, error: undefined };
}
