import type { Issuance } from '#issuance/request.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { createCertificate, createCertificatePath, type Proofs } from './create-certificate.ts';
import { HealthService } from './health.ts';
import type { Methods } from './method.ts';
import { ReflectionService } from './reflection.ts';
import type { Dialect } from './status.ts';
import { type ConnectionObserver, type ServingCertificate, TlsListener, type TlsSettings } from './tls.ts';
import { type CallObserver, GrpcTransport, type TransportLimits } from './transport.ts';

export interface IstioDoorOptions {
  readonly issuance: Issuance;
  readonly proofs?: Proofs;
  readonly dialect: Dialect;
  readonly trustDomain: TrustDomain;
  /** Longest lifetime of a certificate given here; absent, policies decide alone. */
  readonly maxLifetimeSeconds?: number;
  readonly tls?: Pick<TlsSettings, 'minVersion' | 'ciphers' | 'groups'>;
  readonly limits?: Partial<DoorLimits>;
  readonly observer?: DoorObserver;
}

interface DoorLimits extends TransportLimits {
  readonly maxConnections: number;
  readonly handshakeTimeoutMs: number;
}

/** Metrics and logs of the door. Called synchronously: must not throw and not wait. */
interface DoorObserver extends CallObserver, ConnectionObserver {}

const defaultLimits: Omit<DoorLimits, 'maxOpenStreams'> = {
  maxMessageBytes: 64 * 1024,
  maxConcurrentCalls: 1024,
  maxStreamsPerConnection: 256,
  deadlineMs: 10_000,
  idleMs: 15 * 60_000,
  maxConnections: 16_384,
  handshakeTimeoutMs: 10_000,
};

/**
 * First calls of connections that keep a few cores busy: more new connections would only bring more of them, to wait in
 * here or to be refused. Whoever calls in a loop on a connection that is open has no part in this, and keeps nobody out.
 */
const enoughInWork = 64;

/** Answers Istio's agents and ztunnels over gRPC on TLS. */
export class IstioDoor {
  readonly #transport: GrpcTransport;
  readonly #listener: TlsListener;
  readonly #health: HealthService;
  #draining = false;

  /** Throws when this runtime's TLS lacks a suite or group that is asked for. */
  constructor(options: IstioDoorOptions) {
    const given = { ...defaultLimits, ...options.limits };
    const limits = { maxOpenStreams: 4 * given.maxConcurrentCalls, ...given };
    const reflection = new ReflectionService();
    this.#health = new HealthService(reflection.services);
    const methods: Methods = new Map([
      [createCertificatePath, createCertificate(options.issuance, options)],
      ...this.#health.methods,
      ...reflection.methods,
    ]);
    this.#transport = new GrpcTransport(methods, options.dialect, limits, options.observer);
    this.#listener = new TlsListener(
      {
        ...options.tls,
        trustDomain: options.trustDomain,
        ...limits,
        crowded: () => this.#transport.newcomersInWork > enoughInWork,
      },
      (socket, connection) => {
        // its handshake was under way when the drain began
        if (this.#draining) socket.destroy();
        else this.#transport.serve(socket, connection);
      },
      options.observer,
    );
  }

  get hasCertificate(): boolean {
    return this.#listener.hasCertificate;
  }

  /** A serving certificate is loaded, the port listens, and no drain has begun. */
  get ready(): boolean {
    return this.#listener.hasCertificate && this.#listener.listening && !this.#draining;
  }

  /** Port 0 asks for any free one. Resolves with the address bound. */
  async start(listen: { readonly host: string; readonly port: number }): Promise<{ host: string; port: number }> {
    const bound = await this.#listener.listen(listen.host, listen.port);
    this.#health.serving = true;
    return { host: bound.address, port: bound.port };
  }

  /** What gRPC's health service answers; the door sets it at start and drain, the composition root in between. */
  set serving(value: boolean) {
    this.#health.serving = value && this.ready;
  }

  /** For new handshakes; open connections are not touched. Throws, and keeps the old one, if key and chain do not fit. */
  setServingCertificate(serving: ServingCertificate): void {
    this.#listener.setServingCertificate(serving);
  }

  /** PEM of every root that a client certificate may chain to. Until it is set, client certificates are refused. */
  setClientRoots(pem: string): void {
    this.#listener.setClientRoots(pem);
  }

  /** Not ready at once, no new connections, calls in flight finish; after `graceMs` what is left is cut. */
  async drain(graceMs = 15_000): Promise<void> {
    this.#draining = true;
    this.#health.close();
    this.#listener.close();
    await this.#transport.drain(graceMs);
  }
}
