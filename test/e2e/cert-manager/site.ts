import { vi } from 'vitest';
import { stringify } from 'yaml';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { CertManager, certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { testCrl } from '#test/support/crl.ts';
import { TestHome } from '#test/support/home.ts';
import { testAuthority } from '#test/support/software-ca.ts';

const ours = '/apis/countersign.dev/v1alpha1';
const patiently = { timeout: 60_000, interval: 50 };

/** All that a certificate may name, for end entities. */
export const everything = {
  priority: 50,
  match: { kinds: ['end-entity'], doors: ['cert-manager', 'kubernetes-csr'] },
  key: { allow: ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'rsa:4096', 'ed25519'] },
  subject: { mode: 'optional', commonNames: ['*'] },
  sans: {
    dns: { mode: 'optional', patterns: ['*'], wildcards: 'allow' },
    ip: { mode: 'optional', patterns: ['0.0.0.0/0', '::/0'] },
    email: { mode: 'optional', patterns: ['*'] },
    uri: { mode: 'optional', patterns: ['spiffe://*/ns/*/sa/*', 'spiffe://*/*', 'spiffe://*'] },
    other: { mode: 'optional', patterns: ['1.3.6.1.4.1.311.20.2.3', '1.3.6.1.5.5.7.8.9'] },
  },
  certificate: { keyUsage: ['digitalSignature', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'] },
  validity: { default: '2160h', max: '2160h', min: '5m' },
};

/** The same for CAs. */
export const authorities = {
  ...everything,
  priority: 51,
  match: { kinds: ['ca'], doors: ['cert-manager', 'kubernetes-csr'] },
  validity: { default: '2160h', max: '10000h', min: '5m' },
  certificate: { keyUsage: ['keyCertSign', 'cRLSign', 'digitalSignature', 'keyEncipherment'], nameConstraints: 'copy' },
};

export interface SiteOptions {
  /** Where cert-manager and the Issuers are; a new one unless told. */
  readonly namespace?: string;
  /** Laid over the sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Beside those of the home: name → content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether the server may approve for the names of issuers. */
  readonly mayApprove?: boolean;
  /** Whether signers have their ClusterTrustBundles. */
  readonly trustBundles?: 'write';
}

/** Those of others, and what is not part of answering. */
const approving = ['cert-manager-approves-countersign', 'countersign-approves-signer-names'];

/**
 * A cluster of its own (whoever answers there answers all of it), cert-manager's controllers, and our server with the
 * documented rights behind a proxy that can be made unruly.
 */
export class Site implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly certManager: CertManager;
  readonly namespace: string;
  readonly home: TestHome;
  readonly proxy: UnrulyProxy;
  /** PEM of the root above issuer `upper`, which may sign CAs and lives for two years. */
  readonly upperRoot: string;
  readonly #config: Readonly<Record<string, unknown>>;
  #running: InProcess;

  private constructor(
    parts: Pick<Site, 'cluster' | 'certManager' | 'namespace' | 'home' | 'proxy' | 'running' | 'upperRoot'>,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.cluster = parts.cluster;
    this.certManager = parts.certManager;
    this.namespace = parts.namespace;
    this.home = parts.home;
    this.proxy = parts.proxy;
    this.#running = parts.running;
    this.upperRoot = parts.upperRoot;
    this.#config = config;
  }

  /** `over`: laid over the section `certificateRequests`. */
  static async start(over: Readonly<Record<string, unknown>> = {}, options: SiteOptions = {}): Promise<Site> {
    const cluster = await Cluster.start();
    const { admin } = cluster;
    await installIssuerKinds(admin);
    const namespace = options.namespace ?? (await createNamespace(admin, { prefix: 'shop' }));
    if (options.namespace !== undefined) await admin.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const certManager = await CertManager.start(cluster, namespace);
    const without = options.mayApprove === true ? approving.slice(0, 1) : approving;
    const proxy = await UnrulyProxy.start(
      await documentedAccess(admin, { namespace }, without, 'docs/cert-manager.md'),
    );
    const home = new TestHome({ config: quiet });
    home.write('kube.yaml', kubeconfig(proxy.access()), 0o600);
    home.write('named.yaml', policyText({ name: 'named', spec: everything }));
    const clusterRequests = {
      kubeconfig: 'kube.yaml',
      lease: { namespace },
      trustBundles: options.trustBundles ?? 'omit',
      certificateRequests: { retryFor: '1m', ...over },
    };
    const late = Math.floor(Date.now() / 1000) + 730 * 86_400;
    const upperRoot = testAuthority({ commonName: 'Test upper root', notAfter: late });
    const upper = testAuthority({ commonName: 'Test upper CA', issuer: upperRoot, pathLength: 1, notAfter: late });
    home.write('upper-roots.pem', upperRoot.pem);
    home.write('upper-root.crl', await testCrl(upperRoot));
    home.write('issuers/upper.pem', upper.pem);
    home.write('issuers/upper.key', upper.keyPem, 0o600);
    const key = { file: { path: 'issuers/upper.key' } };
    const issuers = [
      ...Object(home.config.issuers),
      { name: 'upper', certificate: 'issuers/upper.pem', roots: 'upper-roots.pem', key },
    ];
    home.write('authorities.yaml', policyText({ name: 'authorities', spec: authorities }));
    const policies = ['named.yaml', 'authorities.yaml'];
    const config = { ...home.config, issuers, policies, clusterRequests, ...options.config };
    for (const [name, content] of Object.entries(options.files ?? {})) home.write(name, content);
    home.write('countersign.yaml', stringify(config));
    const running = await InProcess.start(home);
    return new Site({ cluster, certManager, namespace, home, proxy, running, upperRoot: upperRoot.pem }, config);
  }

  get running(): InProcess {
    return this.#running;
  }

  /** The server once more, with these sections instead of its own. */
  async restart(config: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#running.close();
    this.home.write('countersign.yaml', stringify({ ...this.#config, ...config }));
    this.#running = await InProcess.start(this.home);
  }

  /** Resolves once it is ready. */
  async issuer(kind: 'Issuer' | 'ClusterIssuer', name: string, spec: unknown): Promise<void> {
    const path = kind === 'Issuer' ? `${ours}/namespaces/${this.namespace}/issuers` : `${ours}/clusterissuers`;
    await this.cluster.admin.create(path, { apiVersion: 'countersign.dev/v1alpha1', kind, metadata: { name }, spec });
    await vi.waitFor(async () => {
      const found = await this.cluster.admin.get(`${path}/${name}`);
      const [ready] = Object(at(found, 'status', 'conditions') ?? []);
      if (at(ready, 'status') !== 'True') throw new Error(`${name} is not ready: ${JSON.stringify(ready)}`);
    }, patiently);
  }

  /** What the Secret of a Certificate holds once it is ready. */
  async certificate(name: string, spec: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
    const folder = `${certManagerApi}/namespaces/${this.namespace}/certificates`;
    await this.cluster.admin.create(folder, {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name },
      spec: { secretName: name, ...spec },
    });
    await vi.waitFor(async () => {
      const conditions: unknown[] = Object(
        at(await this.cluster.admin.get(`${folder}/${name}`), 'status', 'conditions') ?? [],
      );
      const ready = [...conditions].find((each) => at(each, 'type') === 'Ready');
      if (at(ready, 'status') !== 'True') throw new Error(`${name} is not ready: ${JSON.stringify(conditions)}`);
    }, patiently);
    return await this.secret(name);
  }

  async secret(name: string): Promise<Record<string, string>> {
    const secret = await this.cluster.admin.get(`/api/v1/namespaces/${this.namespace}/secrets/${name}`);
    const data = Object.entries<unknown>(Object(at(secret, 'data')));
    return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.close();
    await this.proxy[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
    await this.certManager[Symbol.asyncDispose]();
    await this.cluster.stop();
  }
}
