import { randomUUID } from 'node:crypto';
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Peer, WireEvidence } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { answerHttp, answerStatus } from './answer.ts';
import { type CallHeaders, readHeaders } from './headers.ts';
import type { CallContext, Methods } from './method.ts';
import { type Dialect, type GrpcStatus, grpcCode, statusOf } from './status.ts';
import { runStreamingCall } from './streaming-call.ts';
import { UnaryCall, type UnaryRules } from './unary-call.ts';
import { Workplaces } from './workplaces.ts';

export interface TransportLimits {
  readonly maxMessageBytes: number;
  /** Requests worked on at once, over all connections. */
  readonly maxConcurrentCalls: number;
  /** Streams open at once over all connections, those still sending their request included. */
  readonly maxOpenStreams: number;
  readonly maxStreamsPerConnection: number;
  readonly deadlineMs: number;
  /** ms without any frame after which a connection without open calls is closed, gracefully. */
  readonly idleMs: number;
}

/** What the handshake left behind. */
export interface Connection {
  readonly peer: Peer;
  readonly clientCertificate?: readonly Uint8Array[];
}

export interface CallObserver {
  callStarted(path: string): void;
  /** `code`: gRPC status number. */
  callEnded(path: string, code: number, ms: number): void;
}

/** MB that node keeps for one connection's frames before it refuses more. */
const maxSessionMemory = 16;
const maxHeaderPairs = 64;
/** Octets of headers; a projected token is about 1 KiB, a fat OIDC token may be ten. */
const maxHeaderListSize = 32 * 1024;
const noMethod = '(unknown)';
const unknownMethod: GrpcStatus = { code: grpcCode.unimplemented, message: 'unknown service or method' };

/** gRPC over HTTP/2 on sockets whose TLS handshake is done: the part of it that a CA's calls need. */
export class GrpcTransport {
  readonly #methods: Methods;
  readonly #limits: TransportLimits;
  readonly #observer: CallObserver | undefined;
  readonly #rules: UnaryRules;
  readonly #sessions = new Set<ServerHttp2Session>();
  #openStreams = 0;

  constructor(methods: Methods, dialect: Dialect, limits: TransportLimits, observer?: CallObserver) {
    this.#methods = methods;
    this.#limits = limits;
    this.#observer = observer;
    this.#rules = {
      dialect,
      maxMessageBytes: limits.maxMessageBytes,
      deadlineMs: limits.deadlineMs,
      workplaces: new Workplaces(limits.maxConcurrentCalls),
    };
  }

  /** First calls of their connections that are worked on. */
  get newcomersInWork(): number {
    return this.#rules.workplaces.newcomers;
  }

  serve(socket: TLSSocket, connection: Connection): void {
    const session = http2.performServerHandshake(socket, {
      settings: { maxConcurrentStreams: this.#limits.maxStreamsPerConnection, maxHeaderListSize, enablePush: false },
      maxHeaderListPairs: maxHeaderPairs,
      maxSessionMemory,
    });
    let open = 0;
    let newcomer = true;
    this.#sessions.add(session);
    session.on('close', () => this.#sessions.delete(session));
    // a client that breaks HTTP/2 loses its own connection, and the calls on it hear `close`
    session.on('error', () => session.destroy());
    session.setTimeout(this.#limits.idleMs, () => {
      if (open === 0) session.close();
    });
    session.on('stream', (stream, _headers, _flags, raw) => {
      open++;
      this.#openStreams++;
      stream.on('error', ignore);
      stream.once('close', () => {
        open--;
        this.#openStreams--;
      });
      this.#begin(stream, raw, connection, newcomer);
      newcomer = false;
    });
  }

  /** No new calls; resolves when those in flight have ended, or after `graceMs`, when what is left is cut. */
  async drain(graceMs: number): Promise<void> {
    const all = [...this.#sessions].map(
      (session) => new Promise<void>((resolve) => session.once('close', resolve).close()),
    );
    const cut = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, graceMs);
    await Promise.all(all);
    clearTimeout(cut);
  }

  #begin(stream: ServerHttp2Stream, raw: readonly string[], connection: Connection, newcomer: boolean): void {
    const headers = readHeaders(raw);
    if (headers.method !== 'POST') answerHttp(stream, 405);
    else if (!headers.contentType.startsWith('application/grpc')) answerHttp(stream, 415);
    else this.#call(stream, headers, connection, newcomer);
  }

  #call(stream: ServerHttp2Stream, headers: CallHeaders, connection: Connection, newcomer: boolean): void {
    const id = randomUUID();
    const method = this.#methods.get(headers.path);
    const ended = this.#observe(method === undefined ? noMethod : headers.path);
    if (method === undefined) {
      answerStatus(stream, unknownMethod, id);
      ended(unknownMethod.code);
    } else if (this.#openStreams > this.#limits.maxOpenStreams) {
      const refusal = new Refusal('overload', 'too many open calls, try again');
      const status = statusOf(refusal, this.#rules.dialect, id);
      answerStatus(stream, status, id);
      ended(status.code);
      if (method.kind === 'unary') void method.turnedAway?.(contextOf(id, headers, connection), refusal);
    } else if (method.kind === 'streaming') {
      runStreamingCall(stream, method, id, this.#rules.maxMessageBytes, ended);
    } else {
      new UnaryCall(stream, method, contextOf(id, headers, connection), headers.timeout, this.#rules, newcomer, ended);
    }
  }

  #observe(path: string): (code: number) => void {
    const observer = this.#observer;
    if (observer === undefined) return ignore;
    const startedAt = performance.now();
    observer.callStarted(path);
    return (code) => observer.callEnded(path, code, performance.now() - startedAt);
  }
}

function contextOf(id: string, headers: CallHeaders, connection: Connection): CallContext {
  const evidence: WireEvidence = {
    authorization: headers.authorization,
    clusterId: headers.clusterId,
    peer: connection.peer,
    ...(headers.forwardedClientCert.length > 0 && { forwardedClientCert: headers.forwardedClientCert }),
    ...(connection.clientCertificate && { clientCertificate: connection.clientCertificate }),
  };
  return {
    id,
    evidence,
    ...(headers.traceparent && { traceparent: headers.traceparent }),
    ...(headers.proof === 'trailer' && { wantsProof: true }),
  };
}

function ignore(): void {}
