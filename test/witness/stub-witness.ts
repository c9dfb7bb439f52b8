import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface StubAnswer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, or nothing at all: then whoever asked is left waiting. */
type Answering = (body: string, request: IncomingMessage) => StubAnswer | 'silence' | Promise<StubAnswer | 'silence'>;

/** Something on the port of a witness that answers as a test says; it remembers what it was asked. */
export class StubWitness implements AsyncDisposable {
  readonly #server: Server;
  readonly asked: string[] = [];
  answering: Answering = () => ({ status: 500 });

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        this.asked.push(body);
        void Promise.resolve(this.answering(body, request)).then((answer) => {
          if (answer === 'silence') return;
          response.writeHead(answer.status, answer.headers ?? {});
          response.end(answer.body ?? '');
        });
      });
    });
  }

  static async start(): Promise<StubWitness> {
    const stub = new StubWitness();
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/` : '';
  }

  /** Old sizes that it was asked with. */
  get olds(): number[] {
    return this.asked.map((body) => Number(/^old (\d+)\n/.exec(body)?.[1]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
