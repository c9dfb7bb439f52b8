import type { Answer } from '#test/support/agent.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  grant,
  type Pod,
  requestToken,
  type ServiceAccount,
} from '#test/support/control-plane/objects.ts';
import { type Seen, UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { p256Request } from '#test/support/requests.ts';
import { type Dialect, Mesh } from './mesh.ts';

export interface SeveralOptions {
  readonly dialect: Dialect;
  readonly mode: 'review' | 'local';
  /** Calls that the door takes at the same time; its usual number unless told. */
  readonly calls?: number;
}

/** SPIFFE ID of an account of Kubernetes. */
export const idOf = ({ namespace, name }: Pick<ServiceAccount, 'namespace' | 'name'>) =>
  `spiffe://cluster.local/ns/${namespace}/sa/${name}`;

/** One cluster, which the server reaches through a proxy and as an account that may do no more than it needs. */
export class Side implements AsyncDisposable {
  readonly cluster: ControlPlane;
  readonly proxy: UnrulyProxy;
  readonly namespace: string;
  /** An account that may do what the server needs, and one that may nothing. */
  readonly own: ServiceAccount;
  readonly powerless: ServiceAccount;

  private constructor(
    cluster: ControlPlane,
    proxy: UnrulyProxy,
    accounts: { readonly own: ServiceAccount; readonly powerless: ServiceAccount },
  ) {
    this.cluster = cluster;
    this.proxy = proxy;
    this.own = accounts.own;
    this.powerless = accounts.powerless;
    this.namespace = accounts.own.namespace;
  }

  static async start(cluster: ControlPlane, namespace: string): Promise<Side> {
    const { admin } = cluster;
    const own = await createServiceAccount(admin, namespace, 'countersign');
    await grant(admin, own, [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods', 'serviceaccounts', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]);
    await createNode(admin, `${namespace}-a`);
    const powerless = await createServiceAccount(admin, namespace, 'powerless');
    return new Side(cluster, await UnrulyProxy.start(cluster.facts.access), { own, powerless });
  }

  /** Of the account by which the server comes in. */
  async kubeconfig(account = this.own): Promise<string> {
    return kubeconfig(this.proxy.access(await requestToken(this.cluster.admin, account)));
  }

  account(name: string): Promise<ServiceAccount> {
    return createServiceAccount(this.cluster.admin, this.namespace, name);
  }

  /** On the one node, which has the same name in every cluster. */
  pod(account: ServiceAccount): Promise<Pod> {
    return createPod(this.cluster.admin, account, { phase: 'Running', node: `${this.namespace}-a` });
  }

  token(account: ServiceAccount, pod?: Pod): Promise<string> {
    return requestToken(this.cluster.admin, account, { audiences: ['istio-ca'], ...(pod && { pod }) });
  }

  /** Requests that the API server was sent about tokens. */
  get reviews(): readonly Seen[] {
    return this.proxy.seen.filter(({ path }) => path.endsWith('/tokenreviews'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** A server in one cluster that follows the Secrets of others, with namespaces and nodes of the same names in both. */
export class SeveralClusters implements AsyncDisposable {
  readonly mesh: Mesh;
  readonly local: Side;
  readonly remote: Side;
  readonly #secrets: string;

  private constructor(mesh: Mesh, local: Side, remote: Side) {
    this.mesh = mesh;
    this.local = local;
    this.remote = remote;
    this.#secrets = `/api/v1/namespaces/${local.namespace}/secrets`;
  }

  static async start(at: ControlPlane, other: ControlPlane, options: SeveralOptions): Promise<SeveralClusters> {
    const namespace = await createNamespace(at.admin, { prefix: 'several' });
    await other.admin.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const [local, remote] = [await Side.start(at, namespace), await Side.start(other, namespace)];
    const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] };
    await grant(at.admin, local.own, [secrets], namespace);
    const kubernetes = {
      mode: options.mode,
      kubeconfig: 'kubeconfig',
      timeout: '9s',
      trustedNodeAccounts: [`${namespace}/ztunnel`],
      clusterAliases: [{ alias: 'sunset', cluster: 'west' }],
      remoteClusters: { namespace },
    };
    const authenticators = [{ clientCertificate: {} }, { kubernetes }];
    const istio = {
      listen: '127.0.0.1:0',
      dialect: options.dialect,
      serving: { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
      limits: { maxConcurrentCalls: options.calls },
    };
    const config = { authenticators, ...(options.calls !== undefined && { istio }) };
    const access = await local.kubeconfig();
    const mesh = await Mesh.start({ dialect: options.dialect, config }, (home) =>
      home.write('kubeconfig', access, 0o600),
    );
    return new SeveralClusters(mesh, local, remote);
  }

  /** As istioctl makes it: cluster id → kubeconfig. */
  async putSecret(name: string, kubeconfigs: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name, labels: { 'istio/multiCluster': 'true' } };
    await this.local.cluster.admin.create(this.#secrets, { metadata, stringData: kubeconfigs });
  }

  async changeSecret(name: string, kubeconfigs: Readonly<Record<string, string>>): Promise<void> {
    await this.local.cluster.admin.patch(`${this.#secrets}/${name}`, { stringData: kubeconfigs });
  }

  async deleteSecret(name: string): Promise<void> {
    await this.local.cluster.admin.delete(`${this.#secrets}/${name}`);
  }

  /** For account `web`. `clusterid`: values of the header, none where undefined. `wanted`: as ztunnel asks for another. */
  async ask(token: string, clusterid: readonly string[] | string | undefined, wanted?: string): Promise<Answer> {
    using agent = await this.mesh.connect();
    return await agent.call({
      csr: p256Request(wanted ?? idOf({ namespace: this.local.namespace, name: 'web' })).csr,
      token,
      ...(clusterid !== undefined && { headers: { clusterid } }),
      ...(wanted !== undefined && { metadata: { fields: { ImpersonatedIdentity: { stringValue: wanted } } } }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh[Symbol.asyncDispose]();
    await this.local[Symbol.asyncDispose]();
    await this.remote[Symbol.asyncDispose]();
  }
}
