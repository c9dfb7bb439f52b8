import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AuditLog } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type ApiBounds, Limits } from './limits.ts';
import { LookLog, type LookLogOptions } from './look-log.ts';
import type { AdministratorProof, ApiViews } from './ports.ts';
import { routeTable } from './routes/table.ts';
import { type ApiObserver, serveRequest } from './serve-request.ts';

export interface ApiTls {
  /** PEM: our key, and our chain from the leaf on. */
  readonly key: string;
  readonly chain: string;
  /** PEM of the CAs of client certificates; absent: none is asked for. */
  readonly clientRoots?: string;
}

export interface ApiDoorOptions extends LookLogOptions {
  readonly log: AuditLog;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly bounds: ApiBounds & { readonly maxConnections: number };
  readonly tls: ApiTls;
  /** OpenSSL's names; absent: what the runtime offers from TLS 1.2 on. */
  readonly offered?: { readonly ciphers: readonly string[]; readonly groups: readonly string[] };
  readonly proof: AdministratorProof;
  readonly views: ApiViews;
  readonly requestId: () => string;
  readonly observer: ApiDoorObserver;
}

export interface ApiDoorObserver extends ApiObserver {
  /** A connection or its octets that never became a request. Keep `why` a fixed word. */
  rejected(why: 'handshake' | 'http' | 'full', reason: string, peer: string | undefined): void;
}

/** Times, ms. */
const headersTimeout = 5_000;
const requestTimeout = 10_000;
const handshakeTimeout = 5_000;
const idleTimeout = 60_000;
const connectionsCheckingInterval = 1_000;
/** Octets: the fattest token has 16 KiB. */
const maxHeaderSize = 24 * 1024;
const maxHeadersCount = 64;

/** The door for people with a role: HTTPS, every look on the record. It knows no key, no store, no way to prove anybody. */
export class ApiDoor {
  readonly #server: Server;
  readonly #closing: AbortController;
  readonly #offered: ApiDoorOptions['offered'];
  readonly limits: Limits;
  readonly address: AddressInfo;

  private constructor(
    server: Server,
    address: AddressInfo,
    { closing, limits, offered }: { closing: AbortController; limits: Limits; offered: ApiDoorOptions['offered'] },
  ) {
    this.#server = server;
    this.#closing = closing;
    this.#offered = offered;
    this.limits = limits;
    this.address = address;
  }

  /** Resolves when it listens; rejects with the system's error, such as EADDRINUSE. */
  static listen(options: ApiDoorOptions): Promise<ApiDoor> {
    const { bounds, observer, proof, views, requestId } = options;
    const closing = new AbortController();
    const limits = new Limits(bounds);
    const routes = routeTable(views.version.version);
    const parts = { ...{ routes, proof, views, limits, observer, requestId }, looks: new LookLog(options) };
    const server = createServer({
      ...contextOf(options.tls, options.offered),
      ...{ headersTimeout, requestTimeout, handshakeTimeout, connectionsCheckingInterval, maxHeaderSize },
      keepAliveTimeout: headersTimeout,
      requestCert: options.tls.clientRoots !== undefined,
      // who brings no certificate may bring a token: OpenSSL's verdict is read by us and not enforced by node
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    server.maxConnections = bounds.maxConnections;
    server.maxHeadersCount = maxHeadersCount;
    server.setTimeout(idleTimeout);
    server.on('drop', (dropped) => observer.rejected('full', 'too many connections', dropped?.remoteAddress));
    server.prependListener('connection', (socket) => {
      if (limits.mayConnect(socket.remoteAddress ?? '', performance.now())) return;
      observer.rejected('full', 'too many connections from this address', socket.remoteAddress);
      socket.destroy();
    });
    server.on('tlsClientError', (error, socket) => {
      observer.rejected('handshake', error.message, socket.remoteAddress);
      socket.destroy();
    });
    server.on('clientError', (error, socket) => turnAway(error, socket, observer));
    server.on('request', (request, response) => {
      response.setHeader('x-content-type-options', 'nosniff');
      response.setHeader('strict-transport-security', 'max-age=31536000');
      response.on('error', () => response.destroy());
      void serveRequest(request, response, { ...parts, closing: closing.signal });
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, () => {
        server.off('error', reject);
        server.on('error', observer.failed);
        const address = server.address();
        if (address === null || typeof address === 'string') reject(new Error('it listens on no port'));
        else resolve(new ApiDoor(server, address, { closing, limits, offered: options.offered }));
      });
    });
  }

  /** From the next handshake on. Throws, and changes nothing, where they do not fit. */
  setTls(tls: ApiTls): void {
    this.#server.setSecureContext(contextOf(tls, this.#offered));
  }

  /** No new connections, streams end; what is open ends with its answer, or is cut after `graceMs`. */
  async close(graceMs = 1_000): Promise<void> {
    this.#closing.abort(new Refusal('draining', 'the server ends'));
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    clearTimeout(cut);
  }
}

function contextOf({ key, chain, clientRoots }: ApiTls, offered: ApiDoorOptions['offered']) {
  return {
    key,
    cert: chain,
    // an empty list, never absent: absent means every public CA of the runtime
    ca: clientRoots === undefined ? [] : [clientRoots],
    minVersion: 'TLSv1.2' as const,
    honorCipherOrder: true,
    ...(offered && { ciphers: offered.ciphers.join(':'), ecdhCurve: offered.groups.join(':') }),
    // each connection is a full handshake, so that a client certificate is checked each time
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: 1,
  };
}

/** What is no HTTP, too long or too slow. Nobody was asked who they are. */
function turnAway(error: Error & { code?: string }, socket: Duplex, observer: ApiDoorObserver): void {
  const peer = socket instanceof Socket ? socket.remoteAddress : undefined;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  if (error.code !== 'ECONNRESET') observer.rejected('http', error.code ?? 'malformed', peer);
  const answer = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
  // whoever does not close holds no place
  if (socket.writable) socket.end(answer, () => socket.destroy());
  else socket.destroy();
}
