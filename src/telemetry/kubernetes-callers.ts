import { Counter, Gauge, type Registry } from 'prom-client';
import type { TokenObserver } from '#authn/kubernetes/observer.ts';

/** What Kubernetes callers cost the API servers, cluster by cluster, and how fresh our view of each is. */
export class KubernetesCallerMetrics {
  readonly #reviews: Counter<'cluster' | 'why' | 'outcome'>;
  readonly #gets: Counter<'cluster' | 'kind' | 'outcome'>;
  readonly #keys: Counter<'cluster' | 'outcome'>;
  readonly #stale: Counter<'cluster'>;
  /** Cluster → ms since the quietest watch was heard of. */
  readonly #silent = new Map<string, () => number>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#reviews = new Counter({
      name: 'countersign_kubernetes_token_reviews_total',
      help: 'Tokens that an API server was asked about; why says mode where it is asked about all of them.',
      labelNames: ['cluster', 'why', 'outcome'],
      registers,
    });
    this.#gets = new Counter({
      name: 'countersign_kubernetes_live_gets_total',
      help: 'Objects that a token is bound to and that were asked for, the watch not having told of them.',
      labelNames: ['cluster', 'kind', 'outcome'],
      registers,
    });
    this.#keys = new Counter({
      name: 'countersign_kubernetes_key_reads_total',
      help: 'Readings of the keys that an API server signs tokens with.',
      labelNames: ['cluster', 'outcome'],
      registers,
    });
    this.#stale = new Counter({
      name: 'countersign_kubernetes_served_stale_total',
      help: 'Callers proven from a view that was stale while the API server was away.',
      labelNames: ['cluster'],
      registers,
    });
    const silent = this.#silent;
    new Gauge({
      name: 'countersign_kubernetes_view_silence_seconds',
      help: 'Time since the quietest watch of a cluster was heard of; +Inf before the first lists are whole.',
      labelNames: ['cluster'],
      registers,
      collect() {
        this.reset();
        for (const [cluster, read] of silent) this.set({ cluster }, read() / 1000);
      },
    });
  }

  /** `read` answers from memory, in ms; until what is given back is called, or another cluster of that id is followed. */
  watchSilence(cluster: string, read: () => number): () => void {
    this.#silent.set(cluster, read);
    return () => {
      if (this.#silent.get(cluster) === read) this.#silent.delete(cluster);
    };
  }

  /** What was counted for a cluster that is gone: ids come and go, and each would stay for good. */
  async forget(cluster: string): Promise<void> {
    for (const counter of [this.#reviews, this.#gets, this.#keys, this.#stale]) {
      for (const { labels } of (await counter.get()).values) if (labels.cluster === cluster) counter.remove(labels);
    }
  }

  observer(cluster: string): TokenObserver {
    return {
      reviewed: (why, outcome) => this.#reviews.inc({ cluster, why, outcome }),
      gotLive: (kind, outcome) => this.#gets.inc({ cluster, kind, outcome }),
      readKeys: (outcome) => this.#keys.inc({ cluster, outcome }),
      servedStale: () => this.#stale.inc({ cluster }),
    };
  }
}
