import { stringify } from 'yaml';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import { TestHome } from '#test/support/home.ts';
import { everything } from './site.ts';

export interface ReplicaOptions {
  /** Of the Lease, and of the account with the documented rights. */
  readonly namespace: string;
  /** Instead of that account's. */
  readonly access?: Access;
  readonly retryFor?: string;
  /** Laid over the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Beside the one that the home has, and what is needed for them there. */
  readonly issuers?: (home: TestHome) => Promise<readonly unknown[]>;
}

/** A home whose server answers a cluster's requests, behind a proxy that can be made unruly. */
export class Replica implements AsyncDisposable {
  readonly home: TestHome;
  readonly proxy: UnrulyProxy;
  #running: InProcess | undefined;

  private constructor(home: TestHome, proxy: UnrulyProxy) {
    this.home = home;
    this.proxy = proxy;
  }

  /** There is no server yet. */
  static async prepare(cluster: ControlPlane, options: ReplicaOptions): Promise<Replica> {
    const { namespace, retryFor = '10m', config = {}, issuers = async () => [] } = options;
    const access = options.access ?? (await documentedAccess(cluster.admin, { namespace }, approver, document));
    const proxy = await UnrulyProxy.start(access);
    const home = new TestHome({ config: quiet });
    home.write('kube.yaml', kubeconfig(proxy.access()), 0o600);
    home.write('named.yaml', policyText({ name: 'named', spec: everything }));
    const clusterRequests = { kubeconfig: 'kube.yaml', lease: { namespace }, certificateRequests: { retryFor } };
    const all = {
      ...home.config,
      issuers: [...Object(home.config.issuers), ...(await issuers(home))],
      policies: ['named.yaml'],
    };
    home.write('countersign.yaml', stringify({ ...all, clusterRequests, ...config }));
    return new Replica(home, proxy);
  }

  static async start(cluster: ControlPlane, options: ReplicaOptions): Promise<Replica> {
    const replica = await Replica.prepare(cluster, options);
    await replica.run();
    return replica;
  }

  async run(): Promise<void> {
    this.#running = await InProcess.start(this.home);
  }

  get running(): InProcess {
    if (this.#running === undefined) throw new Error('there is no server');
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.close();
    await this.proxy[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }
}

export const document = 'docs/cert-manager.md';
/** What is bound to others. */
export const approver = [
  'cert-manager-approves-countersign',
  'countersign-signer-names',
  'countersign-approves-signer-names',
  'countersign-issuer-trust-bundles',
];
