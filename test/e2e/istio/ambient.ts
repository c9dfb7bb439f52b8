import type { Agent, Answer } from '#test/support/agent.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  deletePod,
  grant,
  type Pod,
  requestToken,
  type ServiceAccount,
  setPodStatus,
} from '#test/support/control-plane/objects.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { p256Request } from '#test/support/requests.ts';
import { type Dialect, type Identity, Mesh } from './mesh.ts';

const nodes = ['a', 'b'] as const;
/** A name that nothing else in the cluster has. */
const nodeOf = (namespace: string, which: string) => `${namespace}-${which}`;

export interface AmbientOptions {
  readonly dialect: Dialect;
  readonly mode: 'review' | 'local';
  /** Before the server starts. */
  readonly prepare?: (proxy: UnrulyProxy) => void;
}

/** SPIFFE ID of an account of Kubernetes. */
export const idOf = ({ namespace, name }: Pick<ServiceAccount, 'namespace' | 'name'>, domain = 'cluster.local') =>
  `spiffe://${domain}/ns/${namespace}/sa/${name}`;

/**
 * A server that trusts ztunnel, which looks at a real API server through a proxy and with no more rights than it needs;
 * and nodes with ztunnel on each of them, as objects that no kubelet runs.
 */
export class Ambient implements AsyncDisposable {
  readonly mesh: Mesh;
  readonly proxy: UnrulyProxy;
  readonly ztunnel: ServiceAccount;
  readonly #cluster: ControlPlane;

  private constructor(cluster: ControlPlane, mesh: Mesh, proxy: UnrulyProxy, ztunnel: ServiceAccount) {
    this.#cluster = cluster;
    this.mesh = mesh;
    this.proxy = proxy;
    this.ztunnel = ztunnel;
  }

  static async start(cluster: ControlPlane, { dialect, mode, prepare }: AmbientOptions): Promise<Ambient> {
    const { admin } = cluster;
    const namespace = await createNamespace(admin, { prefix: 'ambient' });
    const ztunnel = await createServiceAccount(admin, namespace, 'ztunnel');
    const own = await createServiceAccount(admin, namespace, 'countersign');
    await grant(admin, own, [{ apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] }], namespace);
    await grant(admin, own, [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods', 'serviceaccounts', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]);
    const proxy = await UnrulyProxy.start(cluster.facts.access);
    prepare?.(proxy);
    const access = kubeconfig(proxy.access(await requestToken(admin, own)));
    const kubernetes = {
      mode,
      kubeconfig: 'kubeconfig',
      trustedNodeAccounts: [`${namespace}/ztunnel`],
      remoteClusters: { namespace },
    };
    const config = {
      trustDomainAliases: ['old.example'],
      authenticators: [{ clientCertificate: {} }, { kubernetes }],
    };
    for (const which of nodes) await createNode(admin, nodeOf(namespace, which));
    const mesh = await Mesh.start({ dialect, config }, (home) => home.write('kubeconfig', access, 0o600));
    return new Ambient(cluster, mesh, proxy, ztunnel);
  }

  account(name: string): Promise<ServiceAccount> {
    return createServiceAccount(this.#cluster.admin, this.ztunnel.namespace, name);
  }

  /** Running on a node, unless told. */
  pod(
    account: ServiceAccount,
    node: (typeof nodes)[number],
    options: { name?: string; phase?: string } = {},
  ): Promise<Pod> {
    return createPod(this.#cluster.admin, account, {
      phase: 'Running',
      ...options,
      node: nodeOf(this.ztunnel.namespace, node),
    });
  }

  token(account: ServiceAccount, pod?: Pod): Promise<string> {
    return requestToken(this.#cluster.admin, account, { audiences: ['istio-ca'], ...(pod && { pod }) });
  }

  setPhase(pod: Pod, phase: string): Promise<void> {
    return setPodStatus(this.#cluster.admin, pod, { phase });
  }

  delete(pod: Pod): Promise<void> {
    return deletePod(this.#cluster.admin, pod);
  }

  /** The Secret by which Istio knows of another cluster; we come to it as its administrator. */
  async addRemote(id: string, { facts }: ControlPlane): Promise<void> {
    await this.#cluster.admin.create(`/api/v1/namespaces/${this.ztunnel.namespace}/secrets`, {
      metadata: { name: `remote-${id}`, labels: { 'istio/multiCluster': 'true' } },
      stringData: { [id]: kubeconfig(facts.access) },
    });
  }

  /** As ztunnel asks for a workload: the CSR names it, and so does the key in the metadata. */
  async ask(token: string | undefined, wanted: string, identity?: Identity): Promise<Answer> {
    using agent = await this.mesh.connect(undefined, identity);
    return await askFor(agent, token, wanted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
  }
}

export function askFor(
  agent: Agent,
  token: string | undefined,
  wanted: string,
  clusterid = 'Kubernetes',
): Promise<Answer> {
  return agent.call({
    csr: p256Request(wanted).csr,
    ...(token !== undefined && { token }),
    headers: { clusterid },
    metadata: { fields: { ImpersonatedIdentity: { stringValue: wanted } } },
  });
}
