import type { Clusters } from '#authn/kubernetes/clusters.ts';
import { type KubeconfigSecret, readKubeconfigSecret, remoteSecretSelector } from '#authn/remote/kubeconfig-secret.ts';
import type { OpenCluster } from '#authn/remote/open-cluster.ts';
import { Places, type Share } from '#authn/remote/places.ts';
import { RemoteClusters } from '#authn/remote/remote-clusters.ts';
import type { KubernetesConfig, RemoteClustersConfig } from '#config/sections/authenticators.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import type { Cluster as ApiServer } from '#kubernetes/cluster.ts';
import { systemPace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import type { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import { watchRemoteClusters } from '#telemetry/remote-clusters.ts';
import { FollowedCluster } from './followed-cluster.ts';
import type { Foundation } from './foundation.ts';
import { openCluster } from './kubernetes-cluster.ts';
import { RemoteClusterNews } from './remote-cluster-news.ts';

/** Secrets come in crowds, as at a start: they are looked at together, ms. */
const gatherMs = 50;
/** Secrets with the label, far more than there may be clusters. */
const maxSecrets = 1000;

/**
 * Follows the Secrets that `api` has, and each cluster that they name; `log` is told of them. Returns at once; readiness depends
 * on none of them.
 */
export function followRemoteClusters(
  clusters: Clusters,
  api: KubernetesApi,
  config: KubernetesConfig,
  { namespace, allowedPaths }: RemoteClustersConfig,
  foundation: Foundation,
  metrics: KubernetesCallerMetrics,
  log: AuditLog,
): { close(): Promise<void> } {
  const { logger } = foundation;
  const { istio } = foundation.config;
  const opener = new RemoteOpener(config, foundation, metrics);
  const news = new RemoteClusterNews(foundation, log);
  const remote = new RemoteClusters({
    clusters,
    reserved: (id) => reservedId(id, config),
    open: (id, apiServer) => opener.open(id, apiServer),
    listener: news,
    pace: systemPace,
    graceMs: istio.limits.callTimeoutMs,
  });
  let isDue = false;
  let callOff: () => void = () => {};
  const look = () => {
    isDue = false;
    remote.reconcile(secrets.all());
  };
  const soon = async () => {
    isDue = true;
    await news.recorded();
    if (isOpen) callOff = systemPace.after(gatherMs, look);
  };
  let isOpen = true;
  const secrets: Reflector<KubeconfigSecret> = new Reflector({
    api,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`,
    query: { labelSelector: remoteSecretSelector },
    maxObjects: maxSecrets,
    strip: (object) => readKubeconfigSecret(object, allowedPaths),
    onChange() {
      if (!isDue) void soon();
    },
    onTrouble: (reason) => logger.warn('the Secrets of remote clusters cannot be followed for now', { reason }),
  });
  watchRemoteClusters(foundation.metrics.registry, {
    ready: () => new Map(remote.live.map((cluster) => [cluster.id, opener.isReady(cluster)])),
    refused: () => remote.refused,
    silentMs: () => secrets.silentMs,
  });
  secrets.start();
  return {
    async close() {
      isOpen = false;
      await secrets.stop();
      callOff();
      await remote.close();
      await news.recorded();
    },
  };
}

/** Remote clusters are followed as our own, within bounds that keep them from taking the door. */
class RemoteOpener {
  readonly #config: KubernetesConfig;
  readonly #foundation: Foundation;
  readonly #metrics: KubernetesCallerMetrics;
  readonly #places: Places;
  readonly #open = new Map<OpenCluster, Share>();

  constructor(config: KubernetesConfig, foundation: Foundation, metrics: KubernetesCallerMetrics) {
    this.#config = config;
    this.#foundation = foundation;
    this.#metrics = metrics;
    this.#places = new Places({
      places: foundation.config.istio.limits.maxConcurrentCalls,
      pace: systemPace,
    });
  }

  /** As far as was seen: an API server that nobody has asked yet counts as one that answers. */
  isReady(cluster: OpenCluster): boolean {
    return cluster.awaits === undefined && this.#open.get(cluster)?.away === false;
  }

  open(id: string, apiServer: ApiServer): OpenCluster {
    const { logger } = this.#foundation;
    const share = this.#places.share((away) => {
      if (away) logger.warn('a remote cluster does not answer', { cluster: id });
      else logger.info('a remote cluster answers again', { cluster: id });
    });
    const followed = new FollowedCluster(apiServer, (kind, reason) =>
      logger.warn('a cluster cannot be followed for now', { component: `${id}/${kind}`, reason }),
    );
    const cluster = openCluster(id, followed, this.#config, this.#foundation, this.#metrics, (ask) =>
      share.askOfPods(ask),
    );
    const opened: OpenCluster = {
      id,
      prover: share.proverOf(cluster.prover),
      ...(cluster.pods && { pods: cluster.pods }),
      get awaits() {
        return cluster.awaits;
      },
      close: () => this.#close(opened, cluster, followed),
    };
    this.#open.set(opened, share);
    return opened;
  }

  async #close(opened: OpenCluster, cluster: OpenCluster, followed: FollowedCluster): Promise<void> {
    this.#open.get(opened)?.leave();
    this.#open.delete(opened);
    await cluster.close();
    await followed.close();
    const { id } = opened;
    if (![...this.#open.keys()].some((other) => other.id === id)) await this.#metrics.forget(id);
  }
}

function reservedId(id: string, { cluster, clusterAliases }: KubernetesConfig): string | undefined {
  if (id === cluster) return 'this is the id of our own cluster';
  if (clusterAliases.get(id) === cluster) return 'this is an alias of our own cluster';
  return undefined;
}
