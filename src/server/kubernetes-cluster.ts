import { awaitedList, ClusterProver, type LocalMode } from '#authn/kubernetes/cluster-prover.ts';
import { type BoundViews, readBound } from '#authn/kubernetes/object-facts.ts';
import { ReviewRight } from '#authn/kubernetes/review-right.ts';
import { NodePods, type NodePodsOptions } from '#authn/node/node-pods.ts';
import { type PodView, podIndexes, readPlacedPod } from '#authn/node/placed-pod.ts';
import type { OpenCluster } from '#authn/remote/open-cluster.ts';
import type { KubernetesConfig } from '#config/server-config.ts';
import type { Clock } from '#issuance/ports.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import type { Cluster } from '#kubernetes/cluster.ts';
import { connect } from '#kubernetes/connect.ts';
import type { MirrorOptions } from '#kubernetes/mirror.ts';
import { systemPace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import type { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import type { Foundation } from './foundation.ts';

/** How often it is looked whether the keys of tokens are due, and whether a right that was missing has come, ms. */
const lookMs = 5000;
/** Token reviews of one cluster at the same time: fewer than the door has places. */
const maxReviews = 768;

/**
 * Begins to follow a cluster. Returns at once, whether or not its API server can be reached. `within` bounds what waits
 * for answers about pods.
 */
export function openCluster(
  id: string,
  at: Cluster,
  config: KubernetesConfig,
  { clock, logger }: Foundation,
  metrics: KubernetesCallerMetrics,
  within?: NodePodsOptions['within'],
): OpenCluster {
  const api = connect(at);
  const trouble = (what: string) => (reason: string) =>
    logger.warn('a cluster cannot be followed for now', { component: `${id}/${what}`, reason });
  const followed = follow(api, kindsOf(config), trouble);
  const observer = metrics.observer(id);
  const rules = { audiences: config.audiences, unbound: config.unboundTokens };
  const prover = new ClusterProver({
    api,
    rules,
    clock,
    observer,
    timeoutMs: config.timeoutMs,
    maxReviews,
    ...(followed.views && { local: localMode(config, followed.views) }),
  });
  const { pods } = followed;
  const unwatch = metrics.watchSilence(id, () =>
    Math.max(prover.silentMs, pods === undefined ? 0 : silenceOf(pods, clock)),
  );
  const right = new ReviewRight({
    ...{ api, rules, pace: systemPace, timeoutMs: config.timeoutMs },
    onTurn(missing) {
      if (missing === undefined) logger.info('tokens may be reviewed now', { component: id });
      else logger.warn('tokens cannot be reviewed', { component: id, reason: missing });
    },
  });
  const look = () => void Promise.all([prover.refreshKeys(), right.look()]);
  look();
  const timer = setInterval(look, lookMs).unref();
  return {
    id,
    prover,
    ...(config.trustedNodeAccounts.length > 0 &&
      pods && {
        pods: new NodePods({
          ...{ ...config.local, view: pods, api, clock, timeoutMs: config.timeoutMs, observer },
          ...(within && { within }),
        }),
      }),
    get awaits() {
      if (pods?.synced === false) return awaitedList('pods', pods);
      // where tokens are proven here, a review is the second choice
      return config.mode === 'review' ? right.missing : prover.awaits;
    },
    async close() {
      clearInterval(timer);
      unwatch();
      await followed.stop();
      await api.close();
    },
  };
}

function localMode({ mode, local }: KubernetesConfig, views: BoundViews): LocalMode {
  return { ...local, views, foreignTokens: mode === 'local' ? 'refuse' : 'review' };
}

function silenceOf({ synced, lastContact }: PodView, clock: Clock): number {
  return synced ? clock.now() - lastContact : Number.POSITIVE_INFINITY;
}

/** What has to be known of a cluster: all that its tokens are bound to, or what runs on its nodes, or nothing. */
type Kinds = 'all' | 'pods' | 'none';

function kindsOf({ mode, trustedNodeAccounts }: KubernetesConfig): Kinds {
  if (mode !== 'review') return 'all';
  return trustedNodeAccounts.length > 0 ? 'pods' : 'none';
}

interface Followed {
  readonly pods?: PodView;
  readonly views?: BoundViews;
  stop(): Promise<void>;
}

/** In all namespaces, and of each object only what counts. */
function follow(api: KubernetesApi, kinds: Kinds, trouble: (what: string) => (error: string) => void): Followed {
  if (kinds === 'none') return { stop: async () => undefined };
  const started: { stop(): Promise<void> }[] = [];
  const reflector = <T>(kind: string, how: Pick<MirrorOptions<T>, 'strip' | 'indexes'>) => {
    const made = new Reflector<T>({ api, path: `/api/v1/${kind}`, onTrouble: trouble(kind), ...how });
    made.start();
    started.push(made);
    return made;
  };
  const pods = reflector('pods', { strip: readPlacedPod, indexes: podIndexes });
  const bound = () => ({
    pods,
    serviceaccounts: reflector('serviceaccounts', { strip: readBound }),
    nodes: reflector('nodes', { strip: readBound }),
  });
  return {
    pods,
    ...(kinds === 'all' && { views: bound() }),
    async stop() {
      await Promise.all(started.map((each) => each.stop()));
    },
  };
}
