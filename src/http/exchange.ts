import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { readRetryAfter } from './retry-after.ts';
import { readTls, type TlsFiles } from './tls-files.ts';
import { problemIn } from './words.ts';

export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
  /** Absent: the public CAs are trusted. */
  readonly tls?: TlsFiles;
  /** The one bound of time, for all of it: name, connection, question and answer. */
  readonly signal: AbortSignal;
  /** Octets of an answer. */
  readonly longestAnswer: number;
  /** It is the same whether it is asked once or twice, and so it may be, where a kept connection turns out to be gone. */
  readonly repeatable: boolean;
  /** A process that has nothing else to do ends without the answer. */
  readonly unawaited?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** ms that we are asked to wait. */
  readonly retryAfterMs?: number;
  readonly body: Buffer;
}

/** ms that an unused connection is kept, unless the other side says less. */
const keptMs = 5_000;
const maxHeaderSize = 16 * 1024;
// Of our own: Node's go through whatever proxy the environment names. Connections are told apart by the contents of the TLS files.
const kept = { keepAlive: true, timeout: keptMs, scheduling: 'lifo' } as const;
const [plain, overTls] = [new PlainAgent(kept), new Agent(kept)];

/**
 * One question over HTTP and its whole answer, whatever its status: no redirect is followed. Rejects with an Error that names the
 * other side's host, and nothing else of what was sent there.
 */
export async function exchange(url: URL, question: Question): Promise<Answer> {
  const { signal } = question;
  try {
    signal.throwIfAborted();
    return await attempt(url, question, 'kept');
  } catch (thrown) {
    const cause: unknown = signal.aborted ? signal.reason : thrown;
    throw new Error(`${url.host}: ${problemIn(cause)}`, { cause });
  }
}

/** A kept connection may be one that the other side has given up: then all is done again on one of its own. */
async function attempt(url: URL, question: Question, connection: 'kept' | 'fresh'): Promise<Answer> {
  const { method, headers, body, tls = {}, signal, longestAnswer, repeatable, unawaited = false } = question;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const options: RequestOptions = { method, headers: { ...headers, ...length }, signal, maxHeaderSize };
  const sent =
    url.protocol === 'https:'
      ? request(url, { ...options, ...(await readTls(tls)), agent: connection === 'kept' && overTls })
      : requestPlain(url, { ...options, agent: connection === 'kept' && plain });
  const head = Promise.withResolvers<IncomingMessage>();
  sent.once('response', head.resolve);
  sent.on('error', head.reject);
  if (unawaited) sent.on('socket', (socket) => socket.unref());
  sent.end(body);
  try {
    return await read(await head.promise, longestAnswer);
  } catch (thrown) {
    if (repeatable && sent.reusedSocket && isGone(thrown)) return attempt(url, question, 'fresh');
    throw thrown;
  }
}

const isGone = (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && (thrown.code === 'ECONNRESET' || thrown.code === 'EPIPE');

async function read(response: IncomingMessage, longest: number): Promise<Answer> {
  const parts: AsyncIterable<Buffer> = response;
  const body: Buffer[] = [];
  let length = 0;
  for await (const part of parts) {
    length += part.length;
    if (length > longest) throw new Error(`its answer is larger than ${longest} octets`);
    body.push(part);
  }
  const { statusCode = 0, headers } = response;
  const retryAfterMs = readRetryAfter(headers['retry-after'], Date.now());
  return {
    status: statusCode,
    header(name) {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    body: Buffer.concat(body),
  };
}
