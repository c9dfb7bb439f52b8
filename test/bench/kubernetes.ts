import { loadavg } from 'node:os';
import { idOf } from '#test/e2e/istio/ambient.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  requestToken,
} from '#test/support/control-plane/objects.ts';
import { TestHome } from '#test/support/home.ts';
import type { Progress } from './benchmark.ts';
import { Interleaved, warmUp } from './compare.ts';
import { kubernetesHome, type TokenMode } from './kubernetes-home.ts';
import type { Run } from './load.ts';
import type { Effort } from './plan.ts';
import { callerIn, type LoadCaller, quiet, type Setting } from './setting.ts';
import { startFull } from './subject.ts';

/** The three ways under one load, round by round in turn. */
export interface KubernetesResult {
  readonly concurrency: number;
  readonly jwt: Run;
  readonly local: Run;
  readonly review: Run;
  /** Rate over that of plain JWTs: the median of the rounds' quotients. */
  readonly localToJwt: number;
  readonly reviewToJwt: number;
  /** All CPU of local over all of review, API server included. */
  readonly localToReviewCpu: number;
  /** Of the machine over the minute before. */
  readonly loadBefore: number;
}

interface Workload {
  readonly identity: string;
  readonly token: string;
}

/** Pods whose tokens are in use, each in a load generator of its own. */
const pods = 8;

/** Tokens of a real API server, in both modes, beside plain JWTs that are signed alike. */
export async function kubernetesBenchmark(effort: Effort, progress: Progress): Promise<readonly KubernetesResult[]> {
  await using undo = new AsyncDisposableStack();
  progress('a control plane');
  const cluster = undo.use(await Cluster.start());
  const workloads = await workloadsOf(cluster);
  const start = async (setting: Setting) => {
    undo.defer(() => setting.remove());
    const subject = await startFull(setting);
    undo.defer(() => subject.stop());
    await warmUp(subject, effort);
    return subject;
  };
  progress('three servers');
  const subjects = {
    jwt: await start(jwtSetting(cluster)),
    local: await start(await tokenSetting(cluster, 'local', workloads)),
    review: await start(await tokenSetting(cluster, 'review', workloads)),
  };
  const results: KubernetesResult[] = [];
  for (const concurrency of effort.concurrencies) {
    progress(`${concurrency} at a time`);
    const loadBefore = loadavg()[0] ?? Number.NaN;
    const runs = await Interleaved.of(subjects, { concurrency }, effort);
    const rate = (run: Run) => run.rate;
    results.push({
      concurrency,
      jwt: runs.run('jwt'),
      local: runs.run('local'),
      review: runs.run('review'),
      localToJwt: runs.ratio('local', 'jwt', rate),
      reviewToJwt: runs.ratio('review', 'jwt', rate),
      localToReviewCpu: runs.ratio('local', 'review', allMicros),
      loadBefore,
    });
  }
  return results;
}

/** CPU for one certificate, of the server and of the API server with its etcd, µs. */
export const allMicros = ({ cpuMicros, othersMicros }: Run): number => cpuMicros + othersMicros;

async function workloadsOf({ admin }: Cluster): Promise<readonly Workload[]> {
  const namespace = await createNamespace(admin);
  const { name: node } = await createNode(admin);
  return Promise.all(
    Array.from({ length: pods }, async () => {
      const account = await createServiceAccount(admin, namespace);
      const pod = await createPod(admin, account, { node });
      const token = await requestToken(admin, account, { audiences: ['istio-ca'], pod, expirationSeconds: 7200 });
      return { identity: idOf(account), token };
    }),
  );
}

async function tokenSetting(cluster: Cluster, mode: TokenMode, workloads: readonly Workload[]): Promise<Setting> {
  return settingFor(await kubernetesHome(cluster, mode, quiet), workloads, cluster);
}

/** RS256, as a cluster signs its tokens. What the API server does for itself meanwhile is counted here as well. */
function jwtSetting(cluster: Cluster): Setting {
  const home = new TestHome({ tokenAlgorithm: 'RS256', config: quiet });
  const workloads = Array.from({ length: pods }, (_, at) => ({
    identity: `spiffe://cluster.local/ns/demo/sa/web-${at}`,
    token: home.tokens.token('demo', `web-${at}`),
  }));
  return settingFor(home, workloads, cluster);
}

function settingFor(home: TestHome, workloads: readonly Workload[], cluster: Cluster): Setting {
  const [first, ...others] = workloads.map(
    ({ identity, token }, at): LoadCaller => callerIn(home, `request-${at}`, identity, token),
  );
  if (first === undefined) throw new RangeError('nobody asks');
  return {
    home,
    env: {},
    callers: [first, ...others],
    othersPids: cluster.pids,
    remove: () => home[Symbol.dispose](),
  };
}
