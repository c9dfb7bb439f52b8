import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { readRetryAfter } from '#kubernetes/retry-after.ts';
import { readTls, type TlsFiles } from '../tls.ts';

export interface Answer {
  readonly status: number;
  /** ms that the receiver asks us to wait. */
  readonly retryAfterMs?: number;
  readonly octets: Uint8Array;
  /** The same as text. */
  readonly body: string;
}

/** Octets of an answer; what a receiver says beyond them is cut off. */
const longestAnswer = 8 * 1024 * 1024;

/** One connection to one receiver, kept between requests. */
export class HttpClient {
  readonly #url: URL;
  readonly #tls: TlsFiles;
  #agent: Agent | PlainAgent | undefined;

  constructor(url: string, tls: TlsFiles) {
    this.#url = new URL(url);
    this.#tls = tls;
  }

  /** `path` goes behind the URL's own. Rejects where no whole answer came. */
  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      return await this.#post(path, { 'content-length': String(body.length), ...headers }, body, signal);
    } catch (thrown) {
      // A later attempt reads the files of the connection anew.
      this.close();
      throw thrown;
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #post(path: string, headers: Record<string, string>, body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { protocol, pathname } = this.#url;
    const plain = protocol === 'http:';
    this.#agent ??= plain
      ? new PlainAgent({ keepAlive: true, maxSockets: 1 })
      : new Agent({ keepAlive: true, maxSockets: 1, ...(await readTls(this.#tls)) });
    const options: RequestOptions = { method: 'POST', headers, signal, agent: this.#agent };
    const target = new URL(`${pathname.replace(/\/$/, '')}${path}`, this.#url);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = (plain ? plainRequest : request)(target, options, (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        if (length < longestAnswer) parts.push(part);
        length += part.length;
      });
      response.on('error', reject);
      response.on('end', () => {
        const retryAfterMs = readRetryAfter(response.headers['retry-after'], Date.now());
        const octets = Buffer.concat(parts);
        const status = response.statusCode ?? 0;
        resolve({ status, octets, body: octets.toString('utf8'), ...(retryAfterMs !== undefined && { retryAfterMs }) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }
}
