import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestHome } from '#test/support/home.ts';
import type { ServerProcess } from '#test/support/server-process.ts';

/** One who wants a certificate, with Istio's own stub, the agent's connection and the agent's retries. */
export interface GoAgent {
  readonly identity: string;
  readonly token: string;
  readonly key: 'rsa:2048' | 'ec:P-256' | 'ec:P-384';
  /** Seconds. */
  readonly ttl: number;
  /** Address of this machine to come from. */
  readonly from?: string;
}

export interface GoOutcome {
  /** gRPC code of every answer on the wire, in order. */
  readonly codes: readonly string[];
  /** Of the last refusal. */
  readonly message: string;
  /** How often it began anew. */
  readonly rounds: number;
  /** Why what it got is of no use to it. */
  readonly problem: string;
  readonly serial: string;
  /** Of the leaf, hex; empty where it has none. */
  readonly sha256: string;
  /** From its beginning to the certificate in its hands. */
  readonly ms: number;
}

export interface GoOptions {
  /** What the agent's COMPLIANCE_POLICY makes it offer. */
  readonly mode?: 'default' | 'fips-140-2' | 'fips-140-3' | 'pqc';
  /** How often each begins anew; left out, until it is done. */
  readonly rounds?: number;
  readonly within?: string;
  /** Connections stay open until all are done, as agents keep theirs. */
  readonly keep?: boolean;
  /** PEM files of a client certificate and its key. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

const run = promisify(execFile);

/** Lets all agents begin at once. `program`: istioclient. */
export async function runGoAgents(
  program: string,
  mesh: { readonly home: TestHome; readonly server: ServerProcess },
  agents: readonly GoAgent[],
  { mode = 'default', rounds = 0, within = '25s', keep = false, identity }: GoOptions = {},
): Promise<readonly GoOutcome[]> {
  mesh.home.write('agents.json', JSON.stringify(agents));
  const words = [
    ...['-address', `127.0.0.1:${mesh.server.istio.port}`, '-roots', mesh.home.path('roots.pem'), '-mode', mode],
    ...['-agents', mesh.home.path('agents.json'), '-rounds', String(rounds), '-within', within],
    ...(keep ? ['-keep'] : []),
    ...(identity === undefined ? [] : ['-cert', identity.cert, '-key', identity.key]),
  ];
  const { stdout } = await run(program, words, { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout);
}
