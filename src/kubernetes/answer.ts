import type { IncomingMessage } from 'node:http';
import { readRetryAfter } from '#http/retry-after.ts';
import { ApiError, type KubernetesObject, malformed, tooLarge } from './api.ts';

/** Of an answer that says no; nobody needs more of it. */
const longestRefusal = 64 * 1024;

/** All bytes of a body. Rejects with ApiError past `maxLength`. By events: a loop over the chunks costs more than they do. */
export function readWhole(response: IncomingMessage, maxLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxLength) chunks.push(chunk);
      else
        response.destroy(new ApiError(`the answer is larger than ${maxLength} bytes`, { status: 0, reason: tooLarge }));
    });
    response.once('error', reject);
    response.once('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
    });
  });
}

/** The body of a refusal, or nothing of it where it is too long or does not come whole. */
export function readStart(response: IncomingMessage): Promise<Buffer> {
  return readWhole(response, longestRefusal).catch(() => Buffer.alloc(0));
}

/** Throws ApiError unless the bytes are one JSON object. */
export function readObject(bytes: Uint8Array): KubernetesObject {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    // the parser's own message quotes the text, which may be a Secret's
    throw new ApiError('the answer is no JSON', { status: 0, reason: malformed });
  }
  if (!isObject(value)) throw new ApiError('the answer is no JSON object', { status: 0, reason: malformed });
  return value;
}

export function isObject(value: unknown): value is KubernetesObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An answer that is not 2xx: its Status object, or the little that HTTP says. */
export function refusalOf(status: number, retryAfter: string | undefined, body: Uint8Array, now: number): ApiError {
  let said: KubernetesObject = {};
  try {
    said = readObject(body);
  } catch {
    // proxies answer in HTML
  }
  return statusError(status, said, readRetryAfter(retryAfter, now));
}

/** One word, as all of Kubernetes' own are. */
const reasonForm = /^[A-Za-z]{1,64}$/;

/** A Status object as an error; also what an ERROR event of a watch carries. */
export function statusError(status: number, said: KubernetesObject, retryAfterMs?: number): ApiError {
  const reason = typeof said.reason === 'string' && reasonForm.test(said.reason) ? said.reason : '';
  const message = typeof said.message === 'string' ? said.message : '';
  const words = [String(status), reason, message].filter((word) => word !== '').join(' ');
  const wait = retryAfterMs ?? detailSeconds(said);
  return new ApiError(words, { status, reason, ...(wait !== undefined && { retryAfterMs: wait }) });
}

function detailSeconds({ details }: KubernetesObject): number | undefined {
  const seconds = isObject(details) ? details.retryAfterSeconds : undefined;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}
