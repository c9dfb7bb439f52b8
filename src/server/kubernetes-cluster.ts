import { awaitedList, ClusterProver, type LocalMode } from '#authn/kubernetes/cluster-prover.ts';
import { ReviewRight } from '#authn/kubernetes/review-right.ts';
import { NodePods, type NodePodsOptions } from '#authn/node/node-pods.ts';
import type { PodView } from '#authn/node/placed-pod.ts';
import type { OpenCluster } from '#authn/remote/open-cluster.ts';
import type { KubernetesConfig } from '#config/sections/authenticators.ts';
import type { Clock } from '#issuance/ports.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import type { FollowedCluster } from './followed-cluster.ts';
import type { Foundation } from './foundation.ts';

/** How often it is looked whether the keys of tokens are due, and whether a right that was missing has come, ms. */
const lookMs = 5000;
/** Token reviews of one cluster at the same time: fewer than the door has places. */
const maxReviews = 768;

/**
 * Begins to prove the callers of a cluster. Returns at once, whether or not its API server can be reached. `within` bounds what waits
 * for answers about pods.
 */
export function openCluster(
  id: string,
  cluster: FollowedCluster,
  config: KubernetesConfig,
  { clock, logger }: Foundation,
  metrics: KubernetesCallerMetrics,
  within?: NodePodsOptions['within'],
): OpenCluster {
  const { api } = cluster;
  const kinds = kindsOf(config);
  const pods: PodView | undefined = kinds === 'none' ? undefined : cluster.pods;
  const observer = metrics.observer(id);
  const rules = { audiences: config.audiences, unbound: config.unboundTokens };
  const prover = new ClusterProver({
    api,
    rules,
    clock,
    observer,
    timeoutMs: config.timeoutMs,
    maxReviews,
    ...(kinds === 'all' && { local: localMode(config, cluster) }),
  });
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
    },
  };
}

function localMode({ mode, local }: KubernetesConfig, { pods, serviceaccounts, nodes }: FollowedCluster): LocalMode {
  const views = { pods, serviceaccounts, nodes };
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
