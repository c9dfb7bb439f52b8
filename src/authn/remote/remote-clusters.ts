import type { Cluster as ApiServer } from '#kubernetes/cluster.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { Clusters } from '../kubernetes/clusters.ts';
import { type Claim, claimsIn } from './claims.ts';
import type { KubeconfigSecret } from './kubeconfig-secret.ts';
import type { OpenCluster } from './open-cluster.ts';
import { Takeover } from './takeover.ts';
import { type Whereabouts, whereaboutsOf } from './whereabouts.ts';

/** Names, places and reasons alone, nothing else of a kubeconfig. Must not throw. */
export interface RemoteListener {
  added(id: string, secret: string, where: Whereabouts): void;
  /** Another kubeconfig is in use from now on; `awaits`: what it does not know yet. */
  changed(id: string, secret: string, where: Whereabouts, awaits: string | undefined): void;
  removed(id: string, secret: string): void;
  /** Once per reason. */
  refused(id: string, secret: string, why: string): void;
}

export interface RemoteClustersOptions {
  readonly clusters: Clusters;
  /** Undefined, or why no remote cluster may have that id. */
  readonly reserved: (id: string) => string | undefined;
  /** Returns at once, whether or not the API server can be reached. */
  readonly open: (id: string, at: ApiServer) => OpenCluster;
  readonly listener: RemoteListener;
  readonly pace: Pace;
  /** ms that requests under way have when their cluster is removed or changed. */
  readonly graceMs: number;
}

/** Each has connections, watches and what runs in it in memory. */
const maxClusters = 64;

/** Clusters that end what they had begun; past this the one that is at it longest is closed. */
const maxRetiring = 64;

interface Remote {
  readonly secret: string;
  /** Of the kubeconfig that was opened last. */
  digest: string;
  live: OpenCluster;
  takeover?: Takeover | undefined;
}

/**
 * Brings the remote clusters to what the Secrets say, however often they change. A kubeconfig that is refused changes
 * nothing: what it replaces stays, as in istiod. One API server speaks for an id, that of the Secret that had it first.
 */
export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  readonly #remotes = new Map<string, Remote>();
  /** `id secret` → why. */
  #refusals = new Map<string, string>();
  #seen = new Map<string, string>();
  readonly #retiring = new Map<OpenCluster, () => void>();

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
  }

  /** Kubeconfigs that are not in use. */
  get refused(): number {
    return this.#refusals.size;
  }

  /** Those whose callers are served: not one that is to take over, nor one that only ends what it had begun. */
  get live(): readonly OpenCluster[] {
    return [...this.#remotes.values()].map(({ live }) => live);
  }

  /** Takes all Secrets that there are. */
  reconcile(secrets: Iterable<KubeconfigSecret>): void {
    this.#seen = new Map();
    const claims = claimsIn(secrets);
    for (const [id, remote] of this.#remotes) {
      if (!claims.get(id)?.some(({ secret }) => secret === remote.secret)) this.#remove(id, remote);
    }
    for (const [id, all] of claims) this.#decide(id, all);
    this.#refusals = this.#seen;
  }

  /** All at once: nobody is served any more. */
  async close(): Promise<void> {
    for (const callOff of this.#retiring.values()) callOff();
    const open = [...this.#retiring.keys()];
    this.#retiring.clear();
    for (const { live, takeover } of this.#remotes.values()) {
      open.push(live);
      if (takeover !== undefined) open.push(takeover.callOff());
    }
    this.#remotes.clear();
    await Promise.all(open.map((cluster) => cluster.close()));
  }

  #decide(id: string, claims: readonly Claim[]): void {
    const reserved = this.#options.reserved(id);
    const known = this.#remotes.get(id);
    const first =
      claims.find(({ secret }) => secret === known?.secret) ?? claims.find(({ is }) => 'apiServer' in is) ?? claims[0];
    for (const claim of claims) {
      if (reserved !== undefined) this.#refuse(claim, reserved);
      else if (claim !== first) this.#refuse(claim, `the cluster ${id} is that of Secret ${first?.secret}`);
      else if ('problem' in claim.is) this.#refuse(claim, claim.is.problem);
      else if (known !== undefined) this.#change(claim, claim.is.apiServer, known);
      else if (this.#remotes.size >= maxClusters)
        this.#refuse(claim, `there are ${maxClusters} remote clusters already`);
      else this.#add(claim, claim.is.apiServer);
    }
  }

  #refuse({ id, secret }: Claim, why: string): void {
    const key = `${id} ${secret}`;
    this.#seen.set(key, why);
    if (this.#refusals.get(key) !== why) this.#options.listener.refused(id, secret, why);
  }

  #add({ id, secret, digest }: Claim, at: ApiServer): void {
    const { clusters, open, listener } = this.#options;
    const live = open(id, at);
    clusters.add(live);
    this.#remotes.set(id, { secret, digest, live });
    listener.added(id, secret, whereaboutsOf(at));
  }

  /** The old one serves until the new one knows what it has to, or has had time enough for it. */
  #change({ id, secret, digest }: Claim, at: ApiServer, remote: Remote): void {
    if (remote.digest === digest) return;
    const { clusters, open, listener, pace } = this.#options;
    if (remote.takeover !== undefined) void remote.takeover.callOff().close();
    remote.digest = digest;
    remote.takeover = new Takeover(open(id, at), pace, (next) => {
      clusters.remove(id);
      clusters.add(next);
      this.#retire(remote.live);
      remote.live = next;
      remote.takeover = undefined;
      listener.changed(id, secret, whereaboutsOf(at), next.awaits);
    });
  }

  #remove(id: string, { secret, live, takeover }: Remote): void {
    this.#options.clusters.remove(id);
    this.#remotes.delete(id);
    if (takeover !== undefined) void takeover.callOff().close();
    this.#retire(live);
    this.#options.listener.removed(id, secret);
  }

  #retire(cluster: OpenCluster): void {
    const { pace, graceMs } = this.#options;
    this.#retiring.set(
      cluster,
      pace.after(graceMs, () => this.#end(cluster)),
    );
    const [longest] = this.#retiring.keys();
    if (this.#retiring.size > maxRetiring && longest !== undefined) this.#end(longest);
  }

  #end(cluster: OpenCluster): void {
    this.#retiring.get(cluster)?.();
    this.#retiring.delete(cluster);
    void cluster.close();
  }
}
