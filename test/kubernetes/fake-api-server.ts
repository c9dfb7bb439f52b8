import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { Cluster } from '#kubernetes/cluster.ts';
import { ClusterModel, type Sink } from './cluster-model.ts';

export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string;
  readonly contentType: string;
  readonly body: string;
}

export type Answer = (seen: Seen, response: ServerResponse) => void;

/** An API server over real TLS that does as it is told: one collection, and answers put in between. */
export class FakeApiServer {
  readonly model = new ClusterModel();
  readonly seen: Seen[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  readonly ca: string;
  readonly #server: Server;
  readonly #faults: { readonly when: (seen: Seen) => boolean; readonly answer: Answer }[] = [];

  private constructor(certificate: { readonly key: string; readonly cert: string }) {
    this.ca = certificate.cert;
    this.#server = createServer({ ...certificate, keepAliveTimeout: 0 }, (request, response) => {
      void this.#receive(request, response);
    });
    this.#server.on('secureConnection', () => {
      this.connections += 1;
    });
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(certificate = testCertificate()): Promise<FakeApiServer> {
    const server = new FakeApiServer(certificate);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    const address = this.#server.address() as AddressInfo;
    return `https://127.0.0.1:${address.port}`;
  }

  get cluster(): Cluster {
    return { server: this.address, ca: { inline: this.ca }, token: { inline: 'the-token' } };
  }

  /** The next request that `when` holds for is answered so, once. */
  next(answer: Answer, when: (seen: Seen) => boolean = () => true): void {
    this.#faults.push({ when, answer });
  }

  trust(certificate: { readonly key: string; readonly cert: string }): void {
    this.#server.setSecureContext(certificate);
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const seen = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', 'https://fake'),
      authorization: request.headers.authorization ?? '',
      contentType: request.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString(),
    };
    this.seen.push(seen);
    const index = this.#faults.findIndex(({ when }) => when(seen));
    const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
    if (fault !== undefined) fault.answer(seen, response);
    else if (seen.url.searchParams.has('watch')) this.#watch(seen, response);
    else {
      const { status, body } = this.model.list(seen.url.searchParams);
      answerJson(status, body)(seen, response);
    }
  }

  #watch({ url }: Seen, response: ServerResponse): void {
    const sink: Sink = {
      line: (object) => void response.write(`${JSON.stringify(object)}\n`),
      end: () => {
        this.model.watches.delete(sink);
        response.end();
      },
    };
    response.on('close', () => this.model.watches.delete(sink));
    response.setHeader('content-type', 'application/json');
    const refused = this.model.watch(url.searchParams, sink);
    if (refused === undefined) response.flushHeaders();
    else response.writeHead(refused.status).end(JSON.stringify(refused.body));
  }
}

export function answerJson(status: number, body: KubernetesObject, headers: Record<string, string> = {}): Answer {
  return (_, response) => response.writeHead(status, headers).end(JSON.stringify(body));
}

export const isWatch = ({ url }: Seen) => url.searchParams.has('watch');
export const isList = (seen: Seen) => !isWatch(seen);

let made: { readonly key: string; readonly cert: string } | undefined;

/** Made once by openssl for this process; `fresh`: another one. */
export function testCertificate(fresh = false): { readonly key: string; readonly cert: string } {
  if (made !== undefined && !fresh) return made;
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc';
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=fake'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-addext', names, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  made ??= pair;
  return pair;
}
