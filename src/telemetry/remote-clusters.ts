import { Gauge, type Registry } from 'prom-client';

/** What the gauges read, from memory, whenever somebody asks. */
export interface RemoteClusterFacts {
  /** Cluster id → whether its callers can be proven, as far as is known. */
  readonly ready: () => ReadonlyMap<string, boolean>;
  /** Kubeconfigs that are not in use. */
  readonly refused: () => number;
  /** ms since the watch of the Secrets was heard of. */
  readonly silentMs: () => number;
}

/** Which remote clusters there are, and whether they can be used: readiness does not depend on them. */
export function watchRemoteClusters(registry: Registry, { ready, refused, silentMs }: RemoteClusterFacts): void {
  const registers = [registry];
  new Gauge({
    name: 'countersign_kubernetes_remote_cluster_ready',
    help: 'Whether callers of a remote cluster can be proven: 1, or 0 while its first lists are missing or its API server does not answer.',
    labelNames: ['cluster'],
    registers,
    collect() {
      this.reset();
      for (const [cluster, isReady] of ready()) this.set({ cluster }, isReady ? 1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_kubernetes_remote_kubeconfigs_refused',
    help: 'Kubeconfigs in Secrets of remote clusters that are not in use; the log names each and why.',
    registers,
    collect() {
      this.set(refused());
    },
  });
  new Gauge({
    name: 'countersign_kubernetes_remote_secrets_silence_seconds',
    help: 'Time since the watch of the Secrets of remote clusters was heard of; +Inf before the first list is whole.',
    registers,
    collect() {
      this.set(silentMs() / 1000);
    },
  });
}
