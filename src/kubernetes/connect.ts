import type { IncomingMessage } from 'node:http';
import { readObject, readStart, readWhole, refusalOf } from './answer.ts';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from './api.ts';
import { Call } from './call.ts';
import type { Cluster } from './cluster.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Credentials, type Held } from './credentials.ts';
import { exchange } from './exchange.ts';
import { LineSplitter } from './line-splitter.ts';
import { type Pace, systemPace } from './pace.ts';

export interface ConnectOptions {
  /** ms for a call that does not say. */
  readonly timeoutMs?: number;
  /** Octets of an answer, such as a page of a list. */
  readonly maxAnswerLength?: number;
  /** Octets of one line of a watch. */
  readonly maxLineLength?: number;
  /** Open at the same time to this server, for calls and again for watches; more calls wait. */
  readonly maxConnections?: number;
  /** Calls and watches under way or waiting; more are refused at once. */
  readonly maxCalls?: number;
  readonly pace?: Pace;
}

const defaults = {
  timeoutMs: 10_000,
  maxAnswerLength: 64 * 1024 * 1024,
  // an object has at most 1.5 MiB, and a character that JSON must escape becomes six: nobody is to end a watch with one
  maxLineLength: 16 * 1024 * 1024,
  maxConnections: 16,
  maxCalls: 1024,
  pace: systemPace,
};

/** A client of one API server. Nothing is sent before the first call. */
export function connect(cluster: Cluster, options: ConnectOptions = {}): KubernetesApi {
  return new ApiServer(cluster, { ...defaults, ...options });
}

type Kind = 'calls' | 'watches';

class ApiServer implements KubernetesApi {
  readonly #cluster: Cluster;
  readonly #place: { readonly host: string; readonly port: number; readonly prefix: string };
  readonly #limits: Required<ConnectOptions>;
  readonly #credentials: Credentials;
  readonly #pool: ConnectionPool;
  readonly #calls = new Set<Call>();
  #closed = false;

  constructor(cluster: Cluster, limits: Required<ConnectOptions>) {
    const { hostname, port, pathname } = new URL(cluster.server);
    this.#place = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 443 : Number(port),
      prefix: pathname.replace(/\/$/, ''),
    };
    this.#cluster = cluster;
    this.#limits = limits;
    this.#credentials = new Credentials(cluster, limits.pace);
    this.#pool = new ConnectionPool(limits.maxConnections);
  }

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    const call = this.#begin(request);
    try {
      return await call.step(async () => {
        const response = await this.#answer(request, call, 'calls');
        return readObject(await readWhole(response, this.#limits.maxAnswerLength));
      });
    } finally {
      this.#end(call);
    }
  }

  async *lines(request: ApiRequest): AsyncGenerator<KubernetesObject, void, undefined> {
    const call = this.#begin(request);
    try {
      const response = await call.step(() => this.#answer(request, call, 'watches'));
      call.untimed();
      const splitter = new LineSplitter(this.#limits.maxLineLength);
      for await (const chunk of response as AsyncIterable<Buffer>) {
        for (const line of splitter.push(chunk)) yield readObject(line);
      }
      if (splitter.pending > 0) throw new ApiError('the answer ends within a line', { status: 0 });
    } catch (thrown) {
      throw call.error(thrown);
    } finally {
      this.#end(call);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const call of this.#calls) call.abort(new ApiError('the client was closed', { status: 0 }));
    this.#pool.close();
  }

  #begin(request: ApiRequest): Call {
    const call = new Call(request, request.timeoutMs ?? this.#limits.timeoutMs, this.#limits.pace);
    if (this.#closed) call.abort(new ApiError('the client was closed', { status: 0 }));
    if (this.#calls.size >= this.#limits.maxCalls) {
      call.abort(new ApiError(`more than ${this.#limits.maxCalls} calls at a time`, { status: 0 }));
    }
    this.#calls.add(call);
    return call;
  }

  #end(call: Call): void {
    this.#calls.delete(call);
    call[Symbol.dispose]();
  }

  /** The head of a 2xx answer. What was refused is tried once more where the files have other credentials by now. */
  async #answer(request: ApiRequest, call: Call, kind: Kind): Promise<IncomingMessage> {
    const held = await this.#credentials.current();
    try {
      return await this.#send(request, call, kind, held);
    } catch (refusal) {
      if (!isAboutCredentials(refusal) || !(await this.#credentials.changedSince(held))) throw refusal;
      return this.#send(request, call, kind, await this.#credentials.current());
    }
  }

  async #send(request: ApiRequest, call: Call, kind: Kind, held: Held): Promise<IncomingMessage> {
    call.hide(held.token);
    const { host, port, prefix } = this.#place;
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const response = await exchange({
      host,
      port,
      target: prefix + targetOf(request),
      method: request.method,
      headers: headersOf(request, body, held.token),
      body,
      agent: this.#pool.agent(held.context, kind),
      serverName: this.#cluster.tlsServerName,
      call,
      repeatable: request.method !== 'POST' || request.repeatable === true,
    });
    const { statusCode: status = 0, headers } = response;
    if (status >= 200 && status < 300) return response;
    throw refusalOf(status, headers['retry-after'], await readStart(response), this.#limits.pace.now());
  }
}

/** 401, or a handshake that failed over a certificate: theirs or ours. */
function isAboutCredentials(thrown: unknown): boolean {
  if (thrown instanceof ApiError) return thrown.status === 401;
  return thrown instanceof Error && 'code' in thrown && /CERT|SSL/.test(String(thrown.code));
}

const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

function targetOf({ path, query }: ApiRequest): string {
  if (!path.startsWith('/') || dotSegment.test(path) || /[\s?#\\]/.test(path)) {
    throw new ApiError('not an absolute path with its segments encoded', { status: 0 });
  }
  return query === undefined ? path : `${path}?${new URLSearchParams(query)}`;
}

function headersOf(
  { accept = 'application/json', contentType = 'application/json' }: ApiRequest,
  body: Buffer | undefined,
  token: string | undefined,
): Record<string, string | number> {
  return {
    accept,
    'user-agent': 'countersign',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': contentType, 'content-length': body.length }),
  };
}
