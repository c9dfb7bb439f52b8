import { ClusterProver, type LocalMode } from '#authn/kubernetes/cluster-prover.ts';
import type { Cluster as CallersOf } from '#authn/kubernetes/clusters.ts';
import { type BoundViews, readBound, readPod } from '#authn/kubernetes/object-facts.ts';
import type { KubernetesConfig } from '#config/server-config.ts';
import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import type { Cluster } from '#kubernetes/cluster.ts';
import { connect } from '#kubernetes/connect.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import type { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import type { Foundation } from './foundation.ts';

/** How often it is looked whether the keys of tokens are due, ms. */
const keysMs = 5000;
/** Token reviews of one cluster at the same time: fewer than the door has places. */
const maxReviews = 768;

/** One cluster whose workloads are callers, at work. */
export interface OpenCluster extends CallersOf {
  /** Why its callers cannot be proven yet; undefined once they can. */
  readonly awaits: string | undefined;
  close(): Promise<void>;
}

/** Begins to follow a cluster. Returns at once, whether or not its API server can be reached. */
export function openCluster(
  id: string,
  at: Cluster,
  config: KubernetesConfig,
  { clock, logger }: Foundation,
  metrics: KubernetesCallerMetrics,
): OpenCluster {
  const api = connect(at);
  const trouble = (what: string) => (reason: string) =>
    logger.warn('a cluster cannot be followed for now', { component: `${id}/${what}`, reason });
  const followed = config.mode === 'review' ? undefined : follow(api, trouble);
  const prover = new ClusterProver({
    api,
    rules: { audiences: config.audiences, unbound: config.unboundTokens },
    clock,
    observer: metrics.observer(id),
    timeoutMs: config.timeoutMs,
    maxReviews,
    ...(followed && { local: localMode(config, followed.views) }),
  });
  metrics.watchSilence(id, () => prover.silentMs);
  void prover.refreshKeys();
  const timer = setInterval(() => void prover.refreshKeys(), keysMs).unref();
  return {
    id,
    prover,
    get awaits() {
      return prover.awaits;
    },
    async close() {
      clearInterval(timer);
      await followed?.stop();
      await api.close();
    },
  };
}

function localMode({ mode, local }: KubernetesConfig, views: BoundViews): LocalMode {
  return { ...local, views, foreignTokens: mode === 'local' ? 'refuse' : 'review' };
}

interface Followed {
  readonly views: BoundViews;
  stop(): Promise<void>;
}

/** In all namespaces what tokens are bound to, and of each object only what counts for that. */
function follow(api: KubernetesApi, trouble: (what: string) => (error: string) => void): Followed {
  const reflector = <T>(kind: string, strip: (object: KubernetesObject) => T) => {
    const made = new Reflector<T>({ api, path: `/api/v1/${kind}`, strip, onTrouble: trouble(kind) });
    made.start();
    return made;
  };
  const pods = reflector('pods', readPod);
  const serviceaccounts = reflector('serviceaccounts', readBound);
  const nodes = reflector('nodes', readBound);
  return {
    views: { pods, serviceaccounts, nodes },
    async stop() {
      await Promise.all([pods.stop(), serviceaccounts.stop(), nodes.stop()]);
    },
  };
}
