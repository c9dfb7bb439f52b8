import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of the next batch that a client wants committed: it is `lost` on its way there; the `answer` is lost on its way
 * back, or all but `half` of it; or the client's connection is cut, and the server gets what commits it `late`, as another
 * connection asks for the lock, or `later`, as another commits. Where COMMIT is sent by itself, what was sent before it in the
 * same go gets there.
 */
export type Misfortune = 'lost' | 'answer' | 'half' | 'late' | 'later';

/** `COMMIT` as a simple query. */
const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');
/** ReadyForQuery, outside of any transaction. */
const idle = Buffer.from('Z\0\0\0\x05I', 'latin1');
/** Octets from the end of the answer to what was committed: amidst its CommandComplete. */
const halfLacks = idle.length + 6;

/** Stands between a log and its database, and cuts connections at the worst moments. */
export class UnrulyProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #port: number;
  #misfortunes: Misfortune[] = [];
  #underWay: { readonly when: Misfortune; readonly arrive: () => void } | undefined;
  /** `stall`: nothing passes, and nothing is lost. `hole`: what is sent is taken, and goes nowhere. */
  #trouble: 'stall' | 'hole' | undefined;
  /** Batches that met one. */
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

  /** One for each of the next batches, in order. */
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
    const batches = new BatchSpotter();
    let misfortune: Misfortune | undefined;
    client.on('data', (chunk: Buffer) => {
      if (this.#trouble === 'hole') return;
      const begun = batches.committedFrom(chunk);
      misfortune = begun === undefined ? undefined : this.#misfortunes.shift();
      if (misfortune !== undefined) this.met++;
      if (chunk.includes('FOR UPDATE')) this.#arrive('late');
      if (chunk.includes(commit)) this.#arrive('later');
      if (misfortune === undefined || misfortune === 'answer' || misfortune === 'half') {
        server.write(chunk);
        return;
      }
      server.write(chunk.subarray(0, begun));
      if (misfortune === 'lost') server.end();
      else {
        this.#underWay = { when: misfortune, arrive: () => server.end(chunk.subarray(begun)) };
        client.destroy();
      }
    });
    server.on('data', (chunk: Buffer) => {
      if (this.#trouble === 'hole') return;
      const isAnswer = (misfortune === 'answer' || misfortune === 'half') && chunk.subarray(-idle.length).equals(idle);
      if (!isAnswer) {
        client.write(chunk);
        return;
      }
      if (misfortune === 'half') client.end(chunk.subarray(0, -halfLacks));
      server.destroy();
    });
    client.on('close', () => {
      if (misfortune !== 'late' && misfortune !== 'later') server.destroy();
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

  #arrive(when: Misfortune): void {
    if (this.#underWay?.when !== when) return;
    this.#underWay.arrive();
    this.#underWay = undefined;
  }
}

/** Finds what commits in what one client sends, piece by piece as it comes; each piece holds whole messages. */
class BatchSpotter {
  /** Names of prepared statements that write a batch. */
  readonly #names = new Set<string>();

  /** Where in `chunk` that begins which commits a batch: COMMIT by itself, or the statement where it is a transaction of its own. */
  committedFrom(chunk: Buffer): number | undefined {
    let writes = false;
    let begins = false;
    for (let at = 0; at + 5 <= chunk.length; at += 1 + chunk.readUInt32BE(at + 1)) {
      const type = String.fromCharCode(chunk.readUInt8(at));
      const [first = '', second = ''] = chunk.toString('latin1', at + 5, at + 5 + 200).split('\0');
      if (type === 'P' && second.includes('UPDATE tree SET')) this.#names.add(first);
      if (type === 'B' && this.#names.has(second)) writes = true;
      if (type === 'Q' && first === 'COMMIT') return at;
      if (type === 'Q') begins = true;
    }
    return writes && !begins ? 0 : undefined;
  }
}
