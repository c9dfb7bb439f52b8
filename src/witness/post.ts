import { request as overHttp, type RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';

export interface Posted {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface PostOptions {
  readonly signal: AbortSignal;
  /** PEM of those that a witness's certificate may come from; absent: the system's. */
  readonly ca?: string;
}

/** Octets of an answer: some twenty cosignatures with ML-DSA-44. */
const longestAnswer = 64 * 1024;
const maxHeaderSize = 8 * 1024;

/**
 * One POST; redirects are answers like others. Rejects with the system's error, for the signal's reason, or for an answer
 * that is too long.
 */
export async function post(url: URL, body: string, options: PostOptions): Promise<Posted> {
  try {
    return await postOnce(url, body, options);
  } catch (thrown) {
    if (!(thrown instanceof StaleConnection)) throw thrown;
    return postOnce(url, body, options);
  }
}

/** A connection that was kept, and that the other side had given up meanwhile. */
class StaleConnection extends Error {}

function postOnce(url: URL, body: string, { signal, ca }: PostOptions): Promise<Posted> {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  const options: RequestOptions = { method: 'POST', headers, signal, maxHeaderSize };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? overHttps(url, { ...options, ...(ca !== undefined && { ca }) })
        : overHttp(url, options);
    request.once('error', (error) => {
      const isStale = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      reject(isStale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > longestAnswer) request.destroy(new Error(`its answer is longer than ${longestAnswer} octets`));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
  });
}
