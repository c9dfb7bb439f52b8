import { Refusal } from '#refusal/refusal.ts';
import type { NodePods } from '../node/node-pods.ts';
import type { TokenProver } from './proven-token.ts';

/** A cluster whose workloads may be callers. Each has its own API server, views and limits: none waits for another. */
export interface Cluster {
  readonly id: string;
  readonly prover: TokenProver;
  /** What runs on its nodes; absent where nobody may act for another. */
  readonly pods?: NodePods;
}

/**
 * Which cluster a call is about, by its `clusterid` (contract istio-ca.md §2.3 item 1): the one we run in, or a remote
 * one that comes and goes while we run.
 */
export class Clusters {
  readonly #local: Cluster;
  /** Alias → cluster id. */
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #remote = new Map<string, Cluster>();

  constructor(local: Cluster, aliases: ReadonlyMap<string, string> = new Map()) {
    this.#local = local;
    this.#aliases = aliases;
  }

  /** Throws Error for an id that is taken: two API servers must not speak for one name. */
  add(cluster: Cluster): void {
    if (cluster.id === this.#local.id || this.#remote.has(cluster.id)) {
      throw new Error(`there is already a cluster ${cluster.id}`);
    }
    this.#remote.set(cluster.id, cluster);
  }

  /** From now on its tokens are refused; what is under way ends as it ends. False when it was not there. */
  remove(id: string): boolean {
    return this.#remote.delete(id);
  }

  /** By the id of the cluster itself, no alias; undefined for one that is not known, or not any more. */
  known(id: string): Cluster | undefined {
    return id === this.#local.id ? this.#local : this.#remote.get(id);
  }

  /** `values` as received. Throws Refusal `authn.failed` for a cluster that is not known: it is never the local one. */
  find(values: readonly string[]): Cluster {
    const claimed = values.length === 1 ? (values[0] ?? '') : '';
    const meant = this.#aliases.get(claimed);
    if (claimed === '' || claimed === this.#local.id || meant === this.#local.id) return this.#local;
    const remote = this.#remote.get(claimed) ?? (meant === undefined ? undefined : this.#remote.get(meant));
    if (remote !== undefined) return remote;
    const known = [this.#local.id, ...this.#remote.keys()].slice(0, 20).join(', ');
    throw new Refusal(
      'authn.failed',
      `the cluster ${JSON.stringify(claimed.slice(0, 64))} is not known; known: ${known}`,
    );
  }
}
