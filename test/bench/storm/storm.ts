import { type GoAgent, type GoOutcome, runGoAgents } from '#test/e2e/istio/go-agents.ts';
import { oracle } from '#test/oracles.ts';
import type { TestHome } from '#test/support/home.ts';
import type { Address, ServerProcess } from '#test/support/server-process.ts';
import { percentile } from '../median.ts';
import { cpuOf, peakOf } from '../process-cpu.ts';
import { type Readiness, ReadinessProbe } from './readiness.ts';

/** What became of agents that all began at the same moment. */
export interface StormResult {
  readonly pods: number;
  readonly served: number;
  /** Of the first few that were not. */
  readonly problems: readonly string[];
  /** ms from the beginning to the certificate. */
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
  /** Most requests that one agent made. */
  readonly mostAttempts: number;
  /** How many answers of each gRPC code. */
  readonly codes: Readonly<Record<string, number>>;
  readonly readiness: Readiness;
  /** CPU of the server for each certificate, and of the API server with its etcd, µs. */
  readonly cpuMicros: number;
  readonly apiCpuMicros: number;
  /** Of the agents, all in one process on the same cores. */
  readonly agentMicros: number;
  /** MiB that the server held at most. */
  readonly peak: number;
}

export interface StormOptions {
  /** Such as '120s'. */
  readonly within: string;
  /** Processes of the control plane, whose CPU is counted. */
  readonly apiPids?: readonly number[];
}

/** Lets all agents begin at once, each on a connection of its own that it keeps, and asks for readiness all along. */
export async function storm(
  target: { readonly home: TestHome; readonly server: ServerProcess; readonly probe: Address },
  agents: readonly GoAgent[],
  { within, apiPids = [] }: StormOptions,
): Promise<StormResult> {
  const { server } = target;
  const program = oracle('go:istioclient');
  if (!program.available) throw new Error(`there are no agents: ${program.how}`);
  const before = cpu(server.pid, apiPids);
  const probe = new ReadinessProbe(target.probe);
  const outcomes = await runGoAgents(program.path, target, agents, { within, keep: true });
  const readiness = await probe.stop();
  const after = cpu(server.pid, apiPids);
  const each = (part: keyof typeof after) => (after[part] - before[part]) / agents.length;
  return {
    ...tally(outcomes),
    readiness,
    cpuMicros: each('server'),
    apiCpuMicros: each('api'),
    agentMicros: each('agents'),
    peak: peakOf(server.pid),
  };
}

function tally(outcomes: readonly GoOutcome[]) {
  const waits = outcomes.filter(({ problem }) => problem === '').map(({ ms }) => ms);
  const codes: Record<string, number> = {};
  for (const code of outcomes.flatMap((each) => each.codes)) codes[code] = (codes[code] ?? 0) + 1;
  return {
    pods: outcomes.length,
    served: waits.length,
    problems: [...new Set(outcomes.map(({ problem }) => problem))].filter((text) => text !== '').slice(0, 5),
    p50: percentile(waits, 0.5),
    p99: percentile(waits, 0.99),
    last: percentile(waits, 1),
    mostAttempts: Math.max(...outcomes.map((each) => each.codes.length)),
    codes,
  };
}

function cpu(server: number, apiPids: readonly number[]) {
  const api = apiPids.reduce((sum, pid) => sum + cpuOf(pid).own, 0);
  return { server: cpuOf(server).own, api, agents: cpuOf('self').children };
}
