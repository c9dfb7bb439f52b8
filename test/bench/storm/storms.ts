import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { GoAgent } from '#test/e2e/istio/go-agents.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { TestHome } from '#test/support/home.ts';
import { type Address, ServerProcess } from '#test/support/server-process.ts';
import { kubernetesHome, type TokenMode } from '../kubernetes-home.ts';
import { type Population, realPods, strangers } from './pods.ts';
import { probed } from './readiness.ts';
import { type StormResult, storm } from './storm.ts';

export type Tokens = TokenMode | 'jwt';

export interface StormReport extends StormResult {
  readonly tokens: Tokens;
  /** Of the machine over the last minute, when it began: two cores carry two. */
  readonly loadBefore: number;
}

/** A hundred pods to a node, as a large cluster has them. */
export const populationOf = (pods: number): Population => ({
  pods,
  nodes: Math.max(14, Math.ceil(pods / 100)),
  namespaces: Math.min(50, pods),
  accounts: Math.min(200, pods),
});

/** Long enough for every agent to come again a few times on a busy machine. */
const within = '240s';
/** As a server is shipped; a line for each certificate, as by default. */
const shipped = { telemetry: { logs: { level: 'info', format: 'json' } } };

/** One storm for each kind of tokens, on a new server each, with its limits as shipped. */
export async function storms(
  kinds: readonly Tokens[],
  pods: number,
  progress: (what: string) => void,
): Promise<readonly StormReport[]> {
  const population = populationOf(pods);
  await using undo = new AsyncDisposableStack();
  const reports: StormReport[] = [];
  let real: { readonly cluster: Cluster; readonly agents: readonly GoAgent[] } | undefined;
  for (const tokens of kinds) {
    if (tokens === 'jwt') {
      progress('tokens of an OpenID Connect issuer');
      const { config, probe } = await probed(shipped);
      const home = new TestHome({ config });
      reports.push(await one(tokens, { home, probe }, strangers(home.tokens, population), []));
      continue;
    }
    if (real === undefined) {
      progress(`${pods} pods in a cluster, each with its token`);
      const cluster = undo.use(await Cluster.start());
      real = { cluster, agents: await realPods(cluster, population) };
    }
    progress(`tokens proven in mode ${tokens}`);
    const { config, probe } = await probed(shipped);
    const home = await kubernetesHome(real.cluster, tokens, config);
    reports.push(await one(tokens, { home, probe }, real.agents, real.cluster.pids));
  }
  return reports;
}

async function one(
  tokens: Tokens,
  { home, probe }: { readonly home: TestHome; readonly probe: Address },
  agents: readonly GoAgent[],
  apiPids: readonly number[],
): Promise<StormReport> {
  using _ = home;
  await using server = await ServerProcess.start(home);
  await untilReady(server);
  const loadBefore = loadavg()[0] ?? Number.NaN;
  return { tokens, loadBefore, ...(await storm({ home, server, probe }, agents, { within, apiPids })) };
}

const readyWithinMs = 60_000;

/** In mode local a server is ready once it has seen all pods. */
export async function untilReady(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while ((await server.get('/readyz')).status !== 200) {
    if (performance.now() > deadline) throw new Error(`the server did not get ready:\n${server.stderr.slice(-4000)}`);
    await wait(50);
  }
}
