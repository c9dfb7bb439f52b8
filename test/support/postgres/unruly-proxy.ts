import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of the next COMMIT that a client sends: `lost` on its way there; the `answer` lost on its way back, or all but
 * `half` of it; or `late`: the client's connection is cut, and the server gets the COMMIT only once another connection asks
 * for the lock. What was sent before it in the same go gets there.
 */
export type Misfortune = 'lost' | 'answer' | 'half' | 'late';

/** `COMMIT` as a simple query. */
const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');
/** Its answer: CommandComplete. */
const committed = Buffer.from('C\0\0\0\x0bCOMMIT\0', 'latin1');

/** Stands between a log and its database, and cuts connections at the worst moments. */
export class UnrulyProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #port: number;
  #misfortunes: Misfortune[] = [];
  #late: (() => void) | undefined;
  /** `stall`: nothing passes, and nothing is lost. `hole`: what is sent is taken, and goes nowhere. */
  #trouble: 'stall' | 'hole' | undefined;
  /** COMMITs that met one. */
  met = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
  }

  static async before(port: number): Promise<UnrulyProxy> {
    const server = createServer();
    const proxy = new UnrulyProxy(server, port);
    server.on('connection', (client) => proxy.#pass(client, connect(proxy.#port, '127.0.0.1')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return address.port;
  }

  /** New connections lead to another server. */
  leadTo(port: number): void {
    this.#port = port;
  }

  /** One for each of the next COMMITs, in order. */
  plan(...misfortunes: readonly Misfortune[]): void {
    this.#misfortunes.push(...misfortunes);
  }

  /** Cuts all connections; new ones may come. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** For connections that there are and that come, until `heal`. */
  trouble(what: 'stall' | 'hole'): void {
    this.#trouble = what;
    if (what === 'stall') for (const socket of this.#open) socket.pause();
  }

  /** What was stalled goes on; what fell into a hole is lost, and so are the connections that it was sent over. */
  heal(): void {
    const before = this.#trouble;
    this.#trouble = undefined;
    if (before === 'hole') this.cut();
    else for (const socket of this.#open) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(client: Socket, server: Socket): void {
    let misfortune: Misfortune | undefined;
    client.on('data', (chunk: Buffer) => {
      if (this.#trouble === 'hole') return;
      const begun = chunk.length - commit.length;
      misfortune = chunk.subarray(Math.max(0, begun)).equals(commit) ? this.#misfortunes.shift() : undefined;
      if (misfortune !== undefined) this.met++;
      if (chunk.includes('FOR UPDATE')) this.#late?.();
      if (misfortune === undefined || misfortune === 'answer' || misfortune === 'half') {
        server.write(chunk);
        return;
      }
      server.write(chunk.subarray(0, begun));
      if (misfortune === 'lost') server.end();
      else {
        this.#late = () => {
          server.end(commit);
          this.#late = undefined;
        };
        client.destroy();
      }
    });
    server.on('data', (chunk: Buffer) => {
      if (this.#trouble === 'hole') return;
      const answered = misfortune === 'answer' || misfortune === 'half' ? chunk.indexOf(committed) : -1;
      if (answered < 0) {
        client.write(chunk);
        return;
      }
      if (misfortune === 'half') client.end(chunk.subarray(0, answered + committed.length / 2));
      server.destroy();
    });
    client.on('close', () => {
      if (misfortune !== 'late') server.destroy();
    });
    server.on('close', () => {
      // Where half an answer is on its way, it may still arrive.
      if (misfortune !== 'half') client.destroy();
    });
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('error', () => {});
      if (this.#trouble === 'stall') socket.pause();
    }
  }
}
