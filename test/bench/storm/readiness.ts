import { get } from 'node:http';
import { freePort } from '#test/support/control-plane/program.ts';
import type { Address } from '#test/support/server-process.ts';

/** What a kubelet that asks all the time would have seen. */
export interface Readiness {
  readonly asked: number;
  /** Answers other than 200, and none at all. */
  readonly lost: number;
  /** ms of the slowest answer. */
  readonly slowest: number;
}

const everyMs = 100;
/** ms after which a question counts as lost: what a kubelet waits unless told. */
const patienceMs = 1_000;

/** Readiness on a port of its own, as a kubelet asks for it: laid over a server's configuration. */
export async function probed<Config extends object>(config: Config) {
  const port = await freePort();
  const admin = { listen: '127.0.0.1:0', probe: { listen: `127.0.0.1:${port}` } };
  return { config: { ...config, admin }, probe: { host: '127.0.0.1', port } };
}

/** Asks /readyz ten times a second, each time on a connection of its own as a kubelet does, until it is stopped. */
export class ReadinessProbe {
  readonly #address: Address;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  #asked = 0;
  #lost = 0;
  #slowest = 0;

  constructor(address: Address) {
    this.#address = address;
    this.#timer = setInterval(() => {
      const asking = this.#ask().finally(() => this.#open.delete(asking));
      this.#open.add(asking);
    }, everyMs);
  }

  /** Resolves once the last question is answered. */
  async stop(): Promise<Readiness> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return { asked: this.#asked, lost: this.#lost, slowest: this.#slowest };
  }

  async #ask(): Promise<void> {
    this.#asked++;
    const began = performance.now();
    const status = await statusOf(this.#address);
    if (status !== 200) this.#lost++;
    this.#slowest = Math.max(this.#slowest, performance.now() - began);
  }
}

/** 0 where nothing is answered. */
function statusOf({ host, port }: Address): Promise<number> {
  return new Promise((resolve) => {
    const asking = get({ host, port, path: '/readyz', agent: false, timeout: patienceMs }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(0));
  });
}
