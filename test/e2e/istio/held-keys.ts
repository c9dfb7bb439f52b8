import { createServer, type Server, type ServerResponse } from 'node:http';
import { TokenIssuer } from '#test/support/token-issuer.ts';

/** A token issuer whose keys are asked for over HTTP and come when the test says so: a back end that hangs. */
export class HeldKeys implements AsyncDisposable {
  readonly issuer = new TokenIssuer({ issuer: 'https://held.test', kid: 'held' });
  readonly #server: Server;
  readonly #asked: ServerResponse[] = [];
  #released = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (_, response: ServerResponse) => {
      this.#asked.push(response);
      if (this.#released) this.release();
    });
  }

  static async start(): Promise<HeldKeys> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HeldKeys(server);
  }

  /** Ways to prove oneself, for a configuration: the usual ones, and then by the tokens whose keys hang. */
  authenticators(): object[] {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return [
      { clientCertificate: {} },
      { oidc: { issuer: 'https://tokens.test', audiences: ['istio-ca'], jwks: { file: 'jwks.json' } } },
      {
        oidc: {
          issuer: this.issuer.issuer,
          audiences: ['istio-ca'],
          jwks: { url: `http://127.0.0.1:${address.port}/jwks` },
        },
      },
    ];
  }

  token(account: string): string {
    return this.issuer.token('demo', account);
  }

  /** Answers whoever has asked and will ask. */
  release(): void {
    this.#released = true;
    for (const response of this.#asked.splice(0)) response.end(this.issuer.jwks());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
