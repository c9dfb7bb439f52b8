import { constants } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import * as tls from 'node:tls';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import { verifiedClientChain } from './client-chain.ts';
import { HandshakeTurns } from './handshake-turns.ts';
import type { Connection } from './transport.ts';

/** What we show clients: PEM, the leaf's key and the chain from leaf to the last intermediate. */
export interface ServingCertificate {
  readonly key: string;
  readonly chain: string;
}

export interface TlsSettings {
  readonly trustDomain: TrustDomain;
  /** `TLSv1.2` (default) or `TLSv1.3`; older ones do not exist here. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names of TLS 1.2 and 1.3 suites. */
  readonly ciphers?: readonly string[];
  /** OpenSSL names of groups, best first. */
  readonly groups?: readonly string[];
  /** For the handshake, and for the wait before it. */
  readonly handshakeTimeoutMs: number;
  readonly maxConnections: number;
  /** There is enough to do: new connections wait, but for a trickle of them. */
  readonly crowded: () => boolean;
}

type ConnectionRefusal = 'handshake' | 'alpn' | 'client-certificate' | 'full';

export interface ConnectionObserver {
  connectionOpened(): void;
  connectionClosed(): void;
  /** `reason` is for the log; `peer` is the address, where one is known still. */
  connectionRefused(why: ConnectionRefusal, reason: string, peer: string | undefined): void;
}

/** Contract §1.5: every suite and group that some client mode offers alone is here. */
const defaultCiphers: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
const defaultGroups: readonly string[] = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'X25519', 'P-256', 'P-384'];

/**
 * Connections that the kernel holds until they are accepted, one in each turn of the event loop. No more than are accepted in
 * the time that clients wait: those behind would be dead, and a handshake each. Whoever finds it full knocks again by TCP.
 */
const backlog = 1024;

/** The TLS side of the door: handshakes, and nothing of what is said afterwards. */
export class TlsListener {
  readonly #settings: TlsSettings;
  readonly #observer: ConnectionObserver | undefined;
  /** Accepts, and reads nothing. */
  readonly #server: Server;
  readonly #turns: HandshakeTurns<Socket>;
  /** Never listens: connections are handed to it when their turn has come. */
  readonly #handshakes: tls.Server;
  #serving: ServingCertificate | undefined;
  #clientRoots: string | undefined;

  constructor(
    settings: TlsSettings,
    established: (socket: TLSSocket, connection: Connection) => void,
    observer?: ConnectionObserver,
  ) {
    this.#settings = settings;
    this.#observer = observer;
    checkOffered(settings);
    this.#handshakes = tls.createServer({
      ...this.#context(),
      ALPNProtocols: ['h2'],
      requestCert: true,
      // a client without a certificate is welcome, so OpenSSL's verdict is read by us and not enforced by node
      rejectUnauthorized: false,
      handshakeTimeout: settings.handshakeTimeoutMs,
    });
    this.#handshakes.on('tlsClientError', (error, socket) => {
      observer?.connectionRefused('handshake', error.message, socket.remoteAddress);
      socket.destroy();
    });
    this.#handshakes.on('secureConnection', (socket) => this.#secured(socket, established));
    this.#turns = new HandshakeTurns({
      begin: (socket) => this.#handshakes.emit('connection', socket),
      giveUp: (socket) => {
        observer?.connectionRefused('handshake', 'too many handshakes came before it', socket.remoteAddress);
        socket.destroy();
      },
      patienceMs: settings.handshakeTimeoutMs,
      crowded: settings.crowded,
    });
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      // until its turn comes nobody else listens
      socket.on('error', ignore);
      this.#turns.add(socket);
    });
    this.#server.maxConnections = settings.maxConnections;
    this.#server.on('drop', (dropped) =>
      observer?.connectionRefused('full', `${settings.maxConnections} connections are open`, dropped?.remoteAddress),
    );
  }

  get hasCertificate(): boolean {
    return this.#serving !== undefined;
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** From the next handshake on; open connections keep what they have. Throws, and changes nothing, if it does not fit. */
  setServingCertificate(serving: ServingCertificate): void {
    this.#swap(serving, this.#clientRoots);
  }

  /** PEM of the roots that client certificates must chain to; all of them during a rotation. */
  setClientRoots(pem: string): void {
    this.#swap(this.#serving, pem);
  }

  /** Port 0 asks for any free port. Resolves with the address really bound. */
  listen(host: string, port: number): Promise<AddressInfo> {
    if (!this.hasCertificate) return Promise.reject(new Error('the Istio door has no serving certificate yet'));
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#observer?.connectionRefused('handshake', error.message, undefined));
        const address = this.#server.address();
        if (address === null || typeof address === 'string') reject(new Error('the Istio door has no TCP address'));
        else resolve(address);
      });
    });
  }

  /** Accepts no more connections; those that are open stay. */
  close(): void {
    if (this.#server.listening) this.#server.close();
    this.#turns.close();
  }

  #secured(socket: TLSSocket, established: (socket: TLSSocket, connection: Connection) => void): void {
    const refuse = (why: ConnectionRefusal, reason: string) => {
      this.#observer?.connectionRefused(why, reason, socket.remoteAddress);
      socket.destroy();
    };
    socket.on('error', ignore);
    if (socket.alpnProtocol !== 'h2') {
      refuse('alpn', 'the client did not offer h2 by ALPN');
      return;
    }
    const chain = verifiedClientChain(socket, this.#clientRoots !== undefined, this.#settings.trustDomain);
    if (typeof chain === 'string') {
      refuse('client-certificate', chain);
      return;
    }
    socket.setKeepAlive(true, 30_000);
    this.#observer?.connectionOpened();
    socket.once('close', () => this.#observer?.connectionClosed());
    established(socket, {
      peer: {
        ip: socket.remoteAddress ?? '',
        port: socket.remotePort ?? 0,
        tls: {
          version: socket.getProtocol() ?? '',
          cipher: socket.getCipher().standardName,
          ...(typeof socket.servername === 'string' && { sni: socket.servername }),
        },
      },
      ...(chain.length > 0 && { clientCertificate: chain }),
    });
  }

  #swap(serving: ServingCertificate | undefined, clientRoots: string | undefined): void {
    const options = this.#context(serving, clientRoots);
    // a pair that does not fit must fail here, before the live context is touched
    tls.createSecureContext(options);
    this.#handshakes.setSecureContext(options);
    this.#serving = serving;
    this.#clientRoots = clientRoots;
  }

  #context(serving?: ServingCertificate, clientRoots?: string): TlsOptions {
    return {
      ...(serving && { key: serving.key, cert: serving.chain }),
      // an empty list, never absent: absent means every public CA of the runtime
      ca: clientRoots === undefined ? [] : [clientRoots],
      minVersion: this.#settings.minVersion ?? 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: (this.#settings.ciphers ?? defaultCiphers).join(':'),
      ecdhCurve: (this.#settings.groups ?? defaultGroups).join(':'),
      honorCipherOrder: true,
      // every connection is a full handshake, so that a client certificate is checked each time (contract §7, 25)
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
      sessionTimeout: 1,
    };
  }
}

/** OpenSSL does not say which name it stumbled over, and passes over unknown suites in silence. */
function checkOffered(settings: TlsSettings): void {
  for (const group of settings.groups ?? defaultGroups) {
    try {
      tls.createSecureContext({ ecdhCurve: group });
    } catch (cause) {
      throw new Error(`TLS group ${group} is not in this runtime's OpenSSL ${process.versions.openssl}`, { cause });
    }
  }
  const known = new Set(tls.getCiphers().map((name) => name.toUpperCase()));
  for (const suite of settings.ciphers ?? defaultCiphers) {
    if (!known.has(suite.toUpperCase())) {
      throw new Error(`TLS suite ${suite} is not in this runtime's OpenSSL ${process.versions.openssl}`);
    }
  }
}

function ignore(): void {}
