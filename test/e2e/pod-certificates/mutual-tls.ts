import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer, get, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, TLSSocket } from 'node:tls';

/** PEM; a credential bundle is both. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
}

export const bundled = (bundle: string): Credentials => ({ key: bundle, cert: bundle });

export interface Heard {
  readonly status: number | undefined;
  readonly body: string;
  /** Of the server's certificate, in lower case. */
  readonly serial: string;
}

/** One request on a connection of its own, of a server on this machine that is `peer`. */
export async function ask(port: number, ca: string, credentials: Credentials, peer: string): Promise<Heard> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = {
      ...credentials,
      ca,
      agent: false,
      checkServerIdentity: (_: string, { subjectaltname = '' }) =>
        subjectaltname === `URI:${peer}` ? undefined : new Error(`${subjectaltname} answered`),
    };
    get(`https://127.0.0.1:${port}/`, options, resolve).once('error', reject);
  });
  const serial = tlsOf(response).getPeerCertificate().serialNumber.toLowerCase();
  return { status: response.statusCode, body: await text(response), serial };
}

/** `let in`, or the code of the alert. In TLS 1.3 a client is done before the server has looked at its certificate, in 1.2 not. */
export function knock(port: number, ca: string, credentials?: Credentials): Promise<string> {
  return new Promise((resolve) => {
    const trust = { ca, checkServerIdentity: () => undefined };
    const socket = connect({ host: '127.0.0.1', port, maxVersion: 'TLSv1.2', ...trust, ...credentials });
    socket.once('secureConnect', () => resolve('let in'));
    socket.once('secureConnect', () => socket.destroy());
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

/** A server that wants a certificate of its clients and answers with what it saw of it. */
export class MutualServer implements AsyncDisposable {
  readonly port: number;
  /** Requests so far. */
  heard = 0;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('request', () => (this.heard += 1));
  }

  static start(credentials: Credentials, ca: string): Promise<MutualServer> {
    const tls = { ...credentials, ca, requestCert: true, ALPNProtocols: ['istio-http/1.1'] };
    const server = createServer(tls, (request, response) => {
      const socket = tlsOf(request);
      const { subjectaltname, raw } = socket.getPeerCertificate();
      // Each request is to show the certificate of its own moment.
      response.setHeader('connection', 'close');
      response.end(
        JSON.stringify({ names: subjectaltname, sha256: hash('sha256', raw), protocol: socket.alpnProtocol }),
      );
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) resolve(new MutualServer(server, address.port));
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await this.#server[Symbol.asyncDispose]();
  }
}

function tlsOf({ socket }: IncomingMessage): TLSSocket {
  if (socket instanceof TLSSocket) return socket;
  throw new Error('a connection without TLS');
}
