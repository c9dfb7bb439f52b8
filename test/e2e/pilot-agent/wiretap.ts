import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Hellos, readHellos } from './hellos.ts';

/** Octets kept of each direction: hellos are a few kilobytes. */
const kept = 32 * 1024;

/** Between a client and a TLS server: passes everything on, and listens to what is said in the open. */
export class Wiretap implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Of each connection: what the client said, and the server. */
  readonly #heard: { said: Buffer; answered: Buffer }[] = [];
  #port = 0;

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')));
  }

  static async on(target: number): Promise<Wiretap> {
    const tap = new Wiretap(target);
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    const address = tap.#server.address();
    if (typeof address === 'object' && address !== null) tap.#port = address.port;
    return tap;
  }

  get port(): number {
    return this.#port;
  }

  /** Of the handshakes so far, oldest first; those cut short are not among them. */
  hellos(): readonly Hellos[] {
    return this.#heard.flatMap(({ said, answered }) => readHellos(said, answered) ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    const heard = { said: Buffer.alloc(0), answered: Buffer.alloc(0) };
    this.#heard.push(heard);
    client.on('data', (part: Buffer) => (heard.said = Buffer.concat([heard.said, part]).subarray(0, kept)));
    server.on('data', (part: Buffer) => (heard.answered = Buffer.concat([heard.answered, part]).subarray(0, kept)));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => this.#sockets.delete(one));
      one.pipe(other);
    }
  }
}
