import { createHash, X509Certificate } from 'node:crypto';
import { Agent } from '#test/support/agent.ts';
import type { TestHome } from '#test/support/home.ts';
import { p256Request } from '#test/support/requests.ts';

export interface LoadOptions {
  readonly port: number;
  readonly home: TestHome;
  readonly connections: number;
  /** Calls under way on each connection. */
  readonly inFlight: number;
  /** Told of each certificate that a client holds: SHA-256, hex, of its DER. */
  readonly received: (sha256: string) => void;
}

/** Requests are made once: a client's work must not be what the server waits for. */
const csrs = Array.from({ length: 16 }, () => p256Request().csr);

/** Clients that ask without pause until the server is gone; resolves with the number of calls that were answered. */
export async function runLoad(options: LoadOptions): Promise<number> {
  const agents = Array.from({ length: options.connections }, (_, at) => runAgent(options, at));
  const answered = await Promise.all(agents);
  return answered.reduce((sum, one) => sum + one, 0);
}

async function runAgent({ port, home, inFlight, received }: LoadOptions, at: number): Promise<number> {
  const agent = await Agent.connect({ port, roots: home.root.pem }).catch(() => undefined);
  if (agent === undefined) return 0;
  const token = home.tokens.token('demo', `agent-${at}`);
  let answered = 0;
  const lane = async (offset: number) => {
    for (let n = offset; agent.open; n++) {
      // Every eighth asks without a proof, so that refusals stand between the certificates.
      const ask = { csr: csrs[n % csrs.length] ?? '', ...(n % 8 !== 7 && { token }) };
      const { code, chain } = await agent.call(ask);
      if (code === 14) continue;
      answered++;
      if (chain[0] !== undefined) received(fingerprint(chain[0]));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, lane_) => lane(lane_)));
  return answered;
}

function fingerprint(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}
