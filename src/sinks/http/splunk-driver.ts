import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readSecret } from '#keys/secret-source.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row, retry } from '../driver.ts';
import type { SplunkTarget } from '../settings.ts';
import { type Posted, post } from './post.ts';
import { isObject, objectIn, refusalOf } from './verdict.ts';

/** Codes of HEC with status 400 that are about the events; the others are about how token, index or channel are set up. */
const aboutTheEvents: ReadonlySet<unknown> = new Set([6, 12, 13, 15]);
/** ms between two looks whether events are indexed: the first, doubled from then on. */
const firstLookMs = 100;

/** Splunk's HTTP Event Collector; with `acknowledge` a batch counts once it is indexed. */
export class SplunkDriver implements Driver {
  readonly #target: SplunkTarget;
  readonly #origin: string;
  readonly #channel = randomUUID();

  constructor(target: SplunkTarget, origin: string) {
    this.#target = target;
    this.#origin = origin;
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const token = await readSecret(this.#target.token, 'token of the sink');
    const headers = {
      authorization: `Splunk ${token}`,
      'content-type': 'application/json',
      'x-splunk-request-channel': this.#channel,
    };
    const body = Buffer.from(rows.map((row) => this.#event(row)).join('\n'));
    const posted = { headers, body, secrets: [token] };
    const answer = await post(this.#target, '/services/collector/event', posted, signal);
    const said = objectIn(answer.body);
    if (answer.status === 400 && !aboutTheEvents.has(said?.code)) return retry(answer.words('HTTP 400'));
    const refusal = refusalOf(answer);
    if (refusal !== undefined) return refusal;
    if (said?.code !== 0) return retry(answer.words('it does not say that it took the events'));
    if (!this.#target.acknowledge) return accepted;
    if (typeof said.ackId !== 'number') return retry('acknowledgement is not enabled for this token');
    return this.#indexed(said.ackId, posted, signal);
  }

  async close(): Promise<void> {}

  /** Until it is indexed; the signal ends it, and then it is sent again. */
  async #indexed(ackId: number, event: Posted, signal: AbortSignal): Promise<Outcome> {
    const posted = { ...event, body: Buffer.from(JSON.stringify({ acks: [ackId] })) };
    for (let wait = firstLookMs; ; wait *= 2) {
      const answer = await post(this.#target, `/services/collector/ack?channel=${this.#channel}`, posted, signal);
      const refusal = refusalOf(answer);
      if (refusal !== undefined) return retry(answer.words('acknowledgement'), answer.retryAfterMs);
      const acks = objectIn(answer.body)?.acks;
      if (isObject(acks) && acks[ackId] === true) return accepted;
      await pause(wait, undefined, { signal });
    }
  }

  #event({ entry, octets }: Row): string {
    const { index } = this.#target;
    const facts = JSON.stringify({
      time: Date.parse(entry.time) / 1000,
      source: this.#origin,
      sourcetype: 'countersign:audit',
      ...(index !== undefined && { index }),
    });
    return `${facts.slice(0, -1)},"event":${Buffer.from(octets).toString('utf8').trimEnd()}}`;
  }
}
