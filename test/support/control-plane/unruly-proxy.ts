import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Access } from './client.ts';
import { ClusterCa } from './credentials.ts';
import { cutAfter, lineWise, stallAfter } from './unruly-streams.ts';

/** What goes wrong with a request. */
export type Fault =
  /** The connection is cut before any answer. */
  | { readonly kind: 'drop' }
  /** No answer, on a connection that stays open. */
  | { readonly kind: 'hang' }
  /** Passed on, ms later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Passed on, once that has come. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** The head and this many octets of the true answer, then the connection is cut. */
  | { readonly kind: 'truncate'; readonly octets: number }
  /** The head and this many octets of the true answer, then nothing, on a connection that stays open. */
  | { readonly kind: 'stall'; readonly octets: number }
  /** Not passed on: this status, with the Status object of it or `body`. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterSeconds?: number; readonly body?: string };

export interface Seen {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
}

export interface FaultOptions {
  /** Which requests; all unless told. */
  readonly when?: (seen: Seen) => boolean;
  /** How many of them; all unless told. */
  readonly times?: number;
}

/** A fault in force. */
export interface Made {
  /** Requests that it befell. */
  readonly met: number;
  lift(): void;
}

interface Rule extends Made {
  readonly fault: Fault;
  befalls(seen: Seen): boolean;
  met: number;
}

/** Requests remembered in `seen`. */
const maxSeen = 10_000;
const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * In front of an API server: passes HTTP/1.1 over TLS on, and misbehaves on command. It has a CA of its own; the tokens of
 * its clients go through. Faults that were made last are looked at first.
 */
export class UnrulyProxy implements AsyncDisposable {
  /** Every request, oldest first. */
  readonly seen: Seen[] = [];
  readonly #target: Access;
  readonly #ca: string;
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  #rules: Rule[] = [];
  #port = 0;

  private constructor(target: Access, ca: string, credentials: { readonly cert: string; readonly key: string }) {
    this.#target = target;
    this.#ca = ca;
    this.#agent = new Agent({ keepAlive: true, ca: target.ca });
    this.#server = createServer({ ...credentials, ALPNProtocols: ['http/1.1'] }, (incoming, outgoing) =>
      this.#befall(incoming, outgoing),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(target: Access): Promise<UnrulyProxy> {
    const ca = await ClusterCa.create('Unruly proxy CA');
    const { certificate: cert, key } = await ca.serving();
    const proxy = new UnrulyProxy(target, ca.certificate, { cert, key });
    await proxy.accept();
    return proxy;
  }

  /** How a client gets to the API server through it, with the token that it would use there. */
  access(token = this.#target.token): Access {
    return { url: `https://127.0.0.1:${this.#port}`, ca: this.#ca, token };
  }

  make(fault: Fault, options: FaultOptions = {}): Made {
    const { when = () => true, times = Number.POSITIVE_INFINITY } = options;
    const rule: Rule = {
      fault,
      met: 0,
      befalls: (seen) => rule.met < times && when(seen),
      lift: () => {
        this.#rules = this.#rules.filter((each) => each !== rule);
      },
    };
    this.#rules.unshift(rule);
    return rule;
  }

  /** Lifts every fault; what is held open already stays so. */
  behave(): void {
    this.#rules = [];
  }

  /** Watches under way. */
  get watches(): number {
    return this.#watches.size;
  }

  /** Cuts the connections of all watches under way. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.destroy();
  }

  /** Puts an event of its own into every watch under way. */
  sayToWatches(event: unknown): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify(event)}\n`);
  }

  /** Cuts every connection and refuses new ones until `accept`. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Listens (again), always on the same port. */
  accept(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    this.#agent.destroy();
  }

  #befall(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const seen = seenOf(incoming);
    if (this.seen.length < maxSeen) this.seen.push(seen);
    const rule = this.#rules.find((each) => each.befalls(seen));
    if (rule !== undefined) rule.met += 1;
    const fault = rule?.fault;
    // Whoever goes away, or is cut off, is no error of the proxy.
    outgoing.on('error', () => {});
    switch (fault?.kind) {
      case 'drop':
        incoming.socket.destroy();
        return;
      case 'hang':
        incoming.resume();
        return;
      case 'answer':
        incoming.resume();
        answer(outgoing, fault);
        return;
      case 'delay': {
        const timer = setTimeout(() => this.#pass(incoming, outgoing, seen), fault.ms);
        outgoing.once('close', () => clearTimeout(timer));
        return;
      }
      case 'hold':
        void fault.until.then(() => {
          if (!outgoing.destroyed) this.#pass(incoming, outgoing, seen);
        });
        return;
      case 'truncate':
      case 'stall':
      case undefined:
        this.#pass(incoming, outgoing, seen, fault);
    }
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, seen: Seen, fault?: Fault): void {
    const { method, headers } = incoming;
    const url = `${this.#target.url}${incoming.url ?? '/'}`;
    const onward = request(url, { method, headers: withoutHops(headers), agent: this.#agent });
    outgoing.once('close', () => onward.destroy());
    // The API server is gone: so is the connection of whoever asked.
    onward.on('error', () => outgoing.destroy());
    onward.once('response', (response) => {
      response.on('error', () => outgoing.destroy());
      outgoing.writeHead(response.statusCode ?? 502, withoutHops(response.headers));
      outgoing.flushHeaders();
      if (fault?.kind === 'truncate') cutAfter(fault.octets, response, outgoing);
      else if (fault?.kind === 'stall') stallAfter(fault.octets, response, outgoing);
      else if (seen.watch) this.#watch(response, outgoing);
      else response.pipe(outgoing);
    });
    incoming.pipe(onward);
  }

  #watch(response: IncomingMessage, outgoing: ServerResponse): void {
    this.#watches.add(outgoing);
    outgoing.once('close', () => this.#watches.delete(outgoing));
    lineWise(response, outgoing);
  }
}

function seenOf({ method = '', url = '/' }: IncomingMessage): Seen {
  const { pathname, searchParams } = new URL(url, 'https://proxy');
  const watch = ['true', '1'].includes(searchParams.get('watch') ?? '');
  return { method, path: pathname, query: searchParams, watch };
}

/** Headers that speak of one connection only. */
function withoutHops(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection, 'transfer-encoding': encoding, host, 'keep-alive': keepAlive, ...rest } = headers;
  return rest;
}

function answer(outgoing: ServerResponse, fault: Extract<Fault, { kind: 'answer' }>): void {
  const { status: code, retryAfterSeconds } = fault;
  const reason = reasons[code] ?? 'Unknown';
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'unruly on command' };
  outgoing.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  outgoing.end(fault.body ?? JSON.stringify(status));
}
