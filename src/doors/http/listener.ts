import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerFailure } from './answer.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly maxConnections: number;
  /** Hears why an answer could not be given; the asker hears only that. */
  readonly failed: (thrown: unknown) => void;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Times, ms: a scrape or a tile is done in a fraction of them. */
const headersTimeout = 5_000;
const requestTimeout = 10_000;
const idleTimeout = 30_000;
const connectionsCheckingInterval = 1_000;
/** Octets. */
const maxHeaderSize = 8 * 1024;

/** Plain HTTP for those who watch, bounded in all that a stranger could use up. */
export class HttpListener {
  readonly #server: Server;
  readonly address: AddressInfo;

  private constructor(server: Server, address: AddressInfo) {
    this.#server = server;
    this.address = address;
  }

  /** Resolves when it listens; rejects with the system's error, such as EADDRINUSE. */
  static listen(options: HttpOptions, answer: Answer): Promise<HttpListener> {
    const server = createServer({
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: headersTimeout,
      connectionsCheckingInterval,
      maxHeaderSize,
    });
    server.maxConnections = options.maxConnections;
    // one that stops reading its answer is cut off
    server.setTimeout(idleTimeout);
    server.on('request', (request, response) => {
      response.setHeader('x-content-type-options', 'nosniff');
      response.setHeader('cross-origin-resource-policy', 'same-origin');
      response.on('error', () => response.destroy());
      answer(request, response).catch((thrown: unknown) => {
        const gone = response.destroyed;
        answerFailure(response);
        if (!gone) options.failed(thrown);
      });
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, () => {
        server.off('error', reject);
        server.on('error', options.failed);
        const address = server.address();
        if (address === null || typeof address === 'string') reject(new Error('it listens on no port'));
        else resolve(new HttpListener(server, address));
      });
    });
  }

  /** No new connections; those open end with their answer, or are cut after `graceMs`. */
  async close(graceMs = 1_000): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    clearTimeout(cut);
  }
}
