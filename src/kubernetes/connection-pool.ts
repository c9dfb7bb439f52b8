import { Agent } from 'node:https';
import type { SecureContext } from 'node:tls';

/** ms that an unused connection is kept; the API server closes its own after some minutes, and must not be first. */
const idleMs = 60_000;

/** Kept connections to one server. Watches have their own: they hold theirs for minutes, and calls must not wait for them. */
export class ConnectionPool {
  readonly #maxConnections: number;
  #context: SecureContext | undefined;
  #agents: { readonly calls: Agent; readonly watches: Agent } | undefined;

  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  /** With another trust or client certificate everything begins anew; what is under way ends on its old connection. */
  agent(context: SecureContext, kind: 'calls' | 'watches'): Agent {
    if (this.#agents === undefined || context !== this.#context) {
      this.#retire();
      this.#context = context;
      this.#agents = { calls: this.#open(context), watches: this.#open(context) };
    }
    return this.#agents[kind];
  }

  close(): void {
    this.#agents?.calls.destroy();
    this.#agents?.watches.destroy();
    this.#agents = undefined;
  }

  #open(secureContext: SecureContext): Agent {
    const most = this.#maxConnections;
    return new Agent({ secureContext, keepAlive: true, timeout: idleMs, maxSockets: most, maxFreeSockets: most });
  }

  #retire(): void {
    for (const agent of [this.#agents?.calls, this.#agents?.watches]) {
      if (agent === undefined) continue;
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }
}
