import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of the next COMMIT that a client sends by itself: `lost` on its way there; the `answer` lost on its way back;
 * or `late`: the client's connection is cut, and the server gets the COMMIT only once another connection asks for the lock.
 */
export type Misfortune = 'lost' | 'answer' | 'late';

/** `COMMIT` as a simple query. */
const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');

/** Stands between a log and its database, and cuts connections at the worst moments. */
export class UnrulyProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #misfortunes: Misfortune[] = [];
  #late: (() => void) | undefined;
  /** COMMITs that met one. */
  met = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(port: number): Promise<UnrulyProxy> {
    const server = createServer();
    const proxy = new UnrulyProxy(server);
    server.on('connection', (client) => proxy.#pass(client, connect(port, '127.0.0.1')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return address.port;
  }

  /** One for each of the next COMMITs, in order. */
  plan(...misfortunes: readonly Misfortune[]): void {
    this.#misfortunes.push(...misfortunes);
  }

  /** Cuts all connections; new ones may come. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('error', () => {});
    }
    let misfortune: Misfortune | undefined;
    client.on('data', (chunk: Buffer) => {
      misfortune = chunk.equals(commit) ? this.#misfortunes.shift() : undefined;
      if (misfortune !== undefined) this.met++;
      if (chunk.includes('FOR UPDATE')) this.#late?.();
      if (misfortune === 'late') {
        this.#late = () => {
          server.end(chunk);
          this.#late = undefined;
        };
        client.destroy();
        return;
      }
      if (misfortune === 'lost') server.destroy();
      else server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (misfortune === 'answer') server.destroy();
      else client.write(chunk);
    });
    client.on('close', () => {
      if (misfortune !== 'late') server.destroy();
    });
    server.on('close', () => client.destroy());
  }
}
