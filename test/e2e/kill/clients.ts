import { createHash, X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '#test/support/agent.ts';
import type { TestHome } from '#test/support/home.ts';
import { p256Request } from '#test/support/requests.ts';

/** Requests are made once: a client's work must not be what the server waits for. */
const csrs = Array.from({ length: 16 }, () => p256Request().csr);

const connections = 2;
/** Calls under way on each connection. */
const inFlight = 4;
/** ms before one that was turned away asks again. */
const breather = 20;
/** ms for certificates that are waited for: far longer than any trouble of ours lasts. */
const patience = 60_000;

/** Told of each certificate that a client holds: SHA-256, hex, of its DER. */
export type Received = (sha256: string) => void;

/** Clients of one server, which ask without pause while they are told to, also of one that is away. */
export class Clients {
  /** Certificates that they hold. */
  held = 0;
  readonly #home: TestHome;
  readonly #received: Received;
  #asking: { ended: boolean; readonly done: Promise<unknown> } | undefined;
  #waiting: { readonly held: number; readonly resolve: () => void }[] = [];

  constructor(home: TestHome, received: Received) {
    this.#home = home;
    this.#received = received;
  }

  ask(port: number): void {
    if (this.#asking !== undefined) return;
    const round = { ended: false, done: Promise.resolve() as Promise<unknown> };
    round.done = Promise.all(Array.from({ length: connections }, (_, at) => this.#client(port, at, round)));
    this.#asking = round;
  }

  /** Resolves once all that was asked has been answered, or has nobody left to answer it. */
  async rest(): Promise<void> {
    const round = this.#asking;
    if (round === undefined) return;
    round.ended = true;
    await round.done;
    this.#asking = undefined;
  }

  /** Resolves once they hold so many more than now; rejects when that takes for ever. */
  async holdMore(count: number): Promise<void> {
    const wanted = this.held + count;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { held: wanted, resolve };
    this.#waiting.push(waiting);
    const missing = () => reject(new Error(`clients wait for ${wanted - this.held} of ${count} more certificates`));
    const timer = setTimeout(missing, patience);
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
    });
  }

  async #client(port: number, at: number, round: { readonly ended: boolean }): Promise<void> {
    const token = this.#home.tokens.token('demo', `agent-${at}`);
    while (!round.ended) {
      const agent = await Agent.connect({ port, roots: this.#home.root.pem }).catch(() => undefined);
      if (agent === undefined) {
        await pause(breather);
        continue;
      }
      const lane = async (offset: number) => {
        for (let n = offset; agent.open && !round.ended; n++) {
          // Every eighth asks without a proof, so that refusals stand between the certificates.
          const { code, chain } = await agent.call({ csr: csrs[n % csrs.length] ?? '', ...(n % 8 !== 7 && { token }) });
          if (chain[0] !== undefined) this.#hold(chain[0]);
          else if (code === 14) await pause(breather);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, offset) => lane(offset)));
      agent.destroy();
    }
  }

  #hold(pem: string): void {
    this.held++;
    this.#received(createHash('sha256').update(new X509Certificate(pem).raw).digest('hex'));
    for (const { held, resolve } of this.#waiting) if (this.held >= held) resolve();
  }
}
