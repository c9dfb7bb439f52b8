import { Roll } from './roll.ts';
import { Tenant } from './tenant.ts';

export interface TenantBounds {
  /** Service accounts known at once; a namespace and a cluster are known with their first one and forgotten with their last. */
  readonly accounts: number;
  readonly nodes: number;
}

/** Some 20 MB when all are there. */
const defaultBounds: TenantBounds = { accounts: 65_536, nodes: 16_384 };

class Cluster extends Tenant {
  readonly namespaces = new Map<string, Tenant>();
  readonly accounts = new Map<string, Tenant>();
  readonly nodes = new Map<string, Tenant>();
}

/**
 * Everybody whose asking leaves a trace: a debt in a bucket or work in hand. Nobody who has one is ever forgotten to
 * make room for another: who finds no room is told apart no finer than the tenants above that are known.
 */
export class Tenants {
  /** Above all clusters. */
  readonly all = new Tenant('', 'cluster', undefined);
  readonly #clusters = new Map<string, Cluster>();
  readonly #accounts: Roll;
  readonly #nodes: Roll;

  constructor(bounds: TenantBounds = defaultBounds) {
    this.#accounts = new Roll(bounds.accounts);
    this.#nodes = new Roll(bounds.nodes);
  }

  /** The service account behind `identity`, or, where there is no room for it, its namespace, its cluster or `all`. */
  account(cluster: string, identity: string, now: number): Tenant {
    return this.#clusters.get(cluster)?.accounts.get(identity) ?? this.#newAccount(cluster, identity, now);
  }

  /** Undefined where there is no room for it. */
  node(cluster: string, name: string, now: number): Tenant | undefined {
    const home = this.#clusters.get(cluster);
    return home?.nodes.get(name) ?? this.#newNode(home, name, now);
  }

  /** How many are told apart. */
  get known(): { readonly accounts: number; readonly nodes: number } {
    return { accounts: this.#accounts.size, nodes: this.#nodes.size };
  }

  #newAccount(clusterName: string, identity: string, now: number): Tenant {
    const namespaceName = namespaceOf(identity);
    const room = this.#accounts.makeRoom((account) => this.#forgetAccount(account, now));
    const known = this.#clusters.get(clusterName);
    if (!room) return known?.namespaces.get(namespaceName) ?? known ?? this.all;

    const cluster = known ?? new Cluster(clusterName, 'cluster', this.all);
    this.#clusters.set(clusterName, cluster);
    const namespace = cluster.namespaces.get(namespaceName) ?? this.#newNamespace(cluster, namespaceName);
    const account = new Tenant(identity, 'service-account', namespace);
    namespace.listed++;
    cluster.accounts.set(identity, account);
    this.#accounts.add(account);
    return account;
  }

  #newNamespace(cluster: Cluster, name: string): Tenant {
    const namespace = new Tenant(name, 'namespace', cluster);
    cluster.namespaces.set(name, namespace);
    cluster.listed++;
    return namespace;
  }

  #newNode(cluster: Cluster | undefined, name: string, now: number): Tenant | undefined {
    if (cluster === undefined) return undefined;
    if (!this.#nodes.makeRoom((node) => this.#forgetNode(node, now))) return undefined;
    const node = new Tenant(name, 'node', cluster);
    cluster.nodes.set(name, node);
    this.#nodes.add(node);
    return node;
  }

  #forgetNode(node: Tenant, now: number): boolean {
    if (node.isIdle(now) && node.above instanceof Cluster) return node.above.nodes.delete(node.name);
    return false;
  }

  #forgetAccount(account: Tenant, now: number): boolean {
    const namespace = account.above;
    const cluster = namespace?.above;
    if (namespace === undefined || !(cluster instanceof Cluster) || !account.isIdle(now)) return false;
    const takesNamespace = namespace.listed === 1;
    const takesCluster = takesNamespace && cluster.listed === 1;
    if (takesNamespace && !namespace.isIdle(now)) return false;
    if (takesCluster && !(cluster.isIdle(now) && cluster.nodes.size === 0)) return false;
    cluster.accounts.delete(account.name);
    namespace.listed--;
    if (takesNamespace) {
      cluster.namespaces.delete(namespace.name);
      cluster.listed--;
    }
    if (takesCluster) this.#clusters.delete(cluster.name);
    return true;
  }
}

const istioForm = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/[^/]+$/;

/** Of an ID in Istio's form its namespace; of any other all but its last segment. */
export function namespaceOf(identity: string): string {
  return istioForm.exec(identity)?.[1] ?? identity.slice(0, identity.lastIndexOf('/'));
}
