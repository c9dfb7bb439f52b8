import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { readRetryAfter } from '#kubernetes/retry-after.ts';
import { readTls, type TlsFiles } from '../tls.ts';
import { Answer } from './answer.ts';

export interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What stands in the headers that nobody but the receiver may see. */
  readonly secrets: readonly string[];
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
  async post(path: string, posted: Posted, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#post(path, posted, signal);
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

  async #post(path: string, { headers: given, body, secrets }: Posted, signal: AbortSignal): Promise<Answer> {
    const { protocol, pathname } = this.#url;
    const plain = protocol === 'http:';
    this.#agent ??= plain
      ? new PlainAgent({ keepAlive: true, maxSockets: 1 })
      : new Agent({ keepAlive: true, maxSockets: 1, ...(await readTls(this.#tls)) });
    const headers = { 'content-length': String(body.length), ...given };
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
        resolve(new Answer(response.statusCode ?? 0, Buffer.concat(parts), retryAfterMs, secrets));
      });
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }
}
