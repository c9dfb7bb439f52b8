import { type BoundFacts, type MountingPod, readBound, readMountingPod } from '#authn/kubernetes/object-facts.ts';
import { type PlacedPod, podIndexes, readPlacedPod } from '#authn/node/placed-pod.ts';
import type { KubeconfigFile } from '#config/sections/kubeconfig.ts';
import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import type { Cluster } from '#kubernetes/cluster.ts';
import { connect } from '#kubernetes/connect.ts';
import type { MirrorOptions } from '#kubernetes/mirror.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { apiServer } from './api-server.ts';

/** What is kept of a pod for all who ask about pods. */
export type FollowedPod = PlacedPod & MountingPod;

/** Throws Error for what is no object of the API. */
export const readFollowedPod = (object: KubernetesObject): FollowedPod => ({
  ...readPlacedPod(object),
  ...readMountingPod(object),
});

/** One API server: a connection, and one watch of each kind for all who need it, begun by the first of them. */
export class FollowedCluster {
  readonly api: KubernetesApi;
  readonly #trouble: (kind: string, reason: string) => void;
  readonly #started: { stop(): Promise<void> }[] = [];
  #pods: Reflector<FollowedPod> | undefined;
  #serviceaccounts: Reflector<BoundFacts> | undefined;
  #nodes: Reflector<BoundFacts> | undefined;

  constructor(at: Cluster, trouble: (kind: string, reason: string) => void) {
    this.api = connect(at);
    this.#trouble = trouble;
  }

  get pods(): Reflector<FollowedPod> {
    this.#pods ??= this.#follow('pods', { strip: readFollowedPod, indexes: podIndexes });
    return this.#pods;
  }

  get serviceaccounts(): Reflector<BoundFacts> {
    this.#serviceaccounts ??= this.#follow('serviceaccounts', { strip: readBound });
    return this.#serviceaccounts;
  }

  get nodes(): Reflector<BoundFacts> {
    this.#nodes ??= this.#follow('nodes', { strip: readBound });
    return this.#nodes;
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.stop()));
    await this.api.close();
  }

  /** In all namespaces, and of each object only what counts. */
  #follow<T>(kind: string, how: Pick<MirrorOptions<T>, 'strip' | 'indexes'>): Reflector<T> {
    const onTrouble = (reason: string) => this.#trouble(kind, reason);
    const made = new Reflector<T>({ api: this.api, path: `/api/v1/${kind}`, onTrouble, ...how });
    made.start();
    this.#started.push(made);
    return made;
  }
}

/** The API servers that the configuration names, each followed once whatever the sections that name it. */
export class NamedClusters {
  readonly #open = new Map<string, FollowedCluster>();
  readonly #trouble: (kind: string, reason: string) => void;

  constructor(trouble: (kind: string, reason: string) => void) {
    this.#trouble = trouble;
  }

  /** Throws for a kubeconfig that cannot be read. */
  at(kubeconfig: KubeconfigFile | undefined): FollowedCluster {
    const key = JSON.stringify([kubeconfig?.path, kubeconfig?.context]);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const opened = new FollowedCluster(apiServer(kubeconfig), this.#trouble);
    this.#open.set(key, opened);
    return opened;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((each) => each.close()));
  }
}
