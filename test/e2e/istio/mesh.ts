import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { Agent, type Answer, type Ask } from '#test/support/agent.ts';
import { TestHome, type TestHomeOptions } from '#test/support/home.ts';
import { endsIn, type LogRecord, recordsOf } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { KubernetesCallers, type Proof, type Tokens } from './proofs.ts';

export type Dialect = 'istiod' | 'istio-csr';
export const dialects: readonly Dialect[] = ['istiod', 'istio-csr'];

export interface Identity {
  readonly chain: string;
  readonly key: string;
}

/** One end of a request, as the log tells it. */
export interface End extends LogRecord {
  readonly message: string;
  readonly requestId: string;
}

export interface MeshOptions extends TestHomeOptions {
  /** By JWT unless told. */
  readonly proof?: Proof;
  /** Whether `newToken` is asked for: with Kubernetes tokens each is a pod and an account that have to be made. */
  readonly crowd?: boolean;
}

/**
 * A whole server as a process, with agents that each come from an address of their own. The log counts refusals that
 * are alike: those for one reason of one account, or, where none was proven, from one address.
 */
export class Mesh implements AsyncDisposable {
  readonly home: TestHome;
  readonly server: ServerProcess;
  readonly #tokens: Tokens;
  #addresses = 0;
  #accounts = 0;

  private constructor(home: TestHome, server: ServerProcess, tokens: Tokens) {
    this.home = home;
    this.server = server;
    this.#tokens = tokens;
  }

  /** `prepare` may change files of the home before the server reads them. */
  static async start(
    { proof = 'jwt', crowd = false, ...options }: MeshOptions = {},
    prepare?: (home: TestHome) => void,
  ): Promise<Mesh> {
    const callers = proof === 'jwt' ? undefined : await KubernetesCallers.prepare(proof, crowd);
    const authenticators = callers && { authenticators: callers.authenticators };
    const home = new TestHome({ ...options, config: { ...authenticators, ...options.config } });
    try {
      callers?.install(home);
      prepare?.(home);
      const mesh = new Mesh(home, await ServerProcess.start(home), callers ?? home.tokens);
      // Until the first list of pods is there nobody of Kubernetes is proven locally.
      if (callers !== undefined)
        await vi.waitUntil(async () => (await mesh.server.get('/readyz')).status === 200, { timeout: 30_000 });
      return mesh;
    } catch (thrown) {
      home[Symbol.dispose]();
      throw thrown;
    }
  }

  /** Rejects where the server wants no connection. */
  connect(from?: string, identity?: Identity): Promise<Agent> {
    const { port } = this.server.istio;
    const roots = readFileSync(this.home.path('roots.pem'), 'utf8');
    return Agent.connect({ port, roots, ...(from && { from }), ...(identity && { identity }) });
  }

  newAddress(): string {
    this.#addresses++;
    return `127.7.${Math.floor(this.#addresses / 250)}.${1 + (this.#addresses % 250)}`;
  }

  /** Of an account that nobody else has. */
  newToken(): string {
    this.#accounts++;
    return this.token(`one-${this.#accounts}`);
  }

  token(account = 'web', claims: Readonly<Record<string, unknown>> = {}, namespace = 'demo'): string {
    return this.#tokens.token(namespace, account, claims);
  }

  /** One call on a connection of its own, from an address of its own. */
  async ask(ask: Ask, identity?: Identity): Promise<{ readonly answer: Answer; readonly from: string }> {
    const from = this.newAddress();
    using agent = await this.connect(from, identity);
    return { answer: await agent.call(ask), from };
  }

  /** Ends of all requests. */
  all(): LogRecord[] {
    return endsIn(recordsOf(this.home));
  }

  /** What the log holds of requests from that address. */
  ends(from: string): End[] {
    return this.all()
      .filter(({ peer }) => member(peer, 'ip') === from)
      .map((record) => ({
        ...record,
        message: typeof record.message === 'string' ? record.message : '',
        requestId: String(member(record.request, 'id')),
      }));
  }

  /** An SVID for that account, got by token. */
  async svid(account = 'web'): Promise<Identity> {
    const { csr, keyPem } = p256Request(identityOf(account));
    const { answer } = await this.ask({ csr, token: this.token(account) });
    if (answer.code !== 0) throw new Error(`${answer.code} ${answer.message}`);
    return { chain: answer.chain.slice(0, -1).join(''), key: keyPem };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }
}

export const identityOf = (account: string) => `spiffe://cluster.local/ns/demo/sa/${account}`;

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
