import {
  caShape,
  certificatePem,
  clientAuth,
  dns,
  having,
  names,
  purposes,
  purposesOf,
  type Shape,
  san,
  serverAuth,
  uri,
} from '#test/issuance/outside/outside-ca.ts';
import { Agent } from '#test/support/agent.ts';
import { certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createPod,
  createServiceAccount,
  grant,
  requestToken,
  type ServiceAccount,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { TestHome } from '#test/support/home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { parseCsr } from '#x509/csr/parse.ts';
import { contextPrimitive } from '#x509/der/tags.ts';
import { element } from '#x509/der/writer.ts';
import { ipOctets } from '#x509/ip-address.ts';
import { readPem } from '#x509/pem.ts';

const reading = ['get', 'list', 'watch'];
const writing = [...reading, 'create', 'update'];

/** istio-csr's service account with its own rights and no more (contract §4.9), and workloads with a pod each. */
export class Site {
  readonly cluster: ControlPlane;
  readonly namespace: string;
  /** Namespace of the workloads. */
  readonly place: string;
  readonly label: string;
  readonly #account: ServiceAccount;
  readonly #tokens = new Map<string, string>();

  private constructor(cluster: ControlPlane, namespace: string, place: string, account: ServiceAccount) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.place = place;
    this.label = `countersign-test/${namespace}`;
    this.#account = account;
  }

  static async make(cluster: ControlPlane, workloads: readonly string[]): Promise<Site> {
    const { admin } = cluster;
    const namespace = await createNamespace(admin, { prefix: 'relay' });
    const account = await createServiceAccount(admin, namespace, 'cert-manager-istio-csr');
    await grant(admin, account, [
      { apiGroups: [''], resources: ['configmaps'], verbs: writing },
      { apiGroups: [''], resources: ['namespaces'], verbs: reading },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]);
    const requests = { resources: ['certificaterequests'], verbs: [...writing, 'delete'] };
    const leases = { resources: ['leases'], verbs: writing };
    await grant(
      admin,
      account,
      [
        { apiGroups: ['cert-manager.io'], ...requests },
        { apiGroups: ['coordination.k8s.io'], ...leases },
        { apiGroups: [''], resources: ['events'], verbs: ['create'] },
      ],
      namespace,
    );
    const place = await createNamespace(admin, { prefix: 'shop', labels: { [`countersign-test/${namespace}`]: '' } });
    const site = new Site(cluster, namespace, place, account);
    for (const name of workloads) {
      const workload = await createServiceAccount(admin, place, name);
      const pod = await createPod(admin, workload);
      site.#tokens.set(name, await requestToken(admin, workload, { audiences: ['istio-ca'], pod }));
    }
    return site;
  }

  identity(workload: string): string {
    return `spiffe://cluster.local/ns/${this.place}/sa/${workload}`;
  }

  token(workload: string): string {
    return this.#tokens.get(workload) ?? '';
  }

  get requestsPath(): string {
    return `${certManagerApi}/namespaces/${this.namespace}/certificaterequests`;
  }

  async requests(): Promise<readonly unknown[]> {
    const items = at(await this.cluster.admin.get(this.requestsPath), 'items');
    return Array.isArray(items) ? items : [];
  }

  /** A home whose issuer is `certManager` of this site; `more` is laid over the rest of the configuration. */
  async home(certManager: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) {
    const { roots, ...issuer } = certManager;
    const own = { namespace: this.namespace, kubeconfig: 'kubeconfig', way: 'relay', ...issuer };
    const home = new TestHome({
      dialect: 'istio-csr',
      config: {
        authenticators: [{ kubernetes: { kubeconfig: 'kubeconfig' } }],
        issuers: [{ name: 'mesh', ...(typeof roots === 'string' && { roots: 'outside.pem' }), certManager: own }],
        ...more,
      },
    });
    if (typeof roots === 'string') home.write('outside.pem', roots);
    home.write('kubeconfig', await serviceAccountKubeconfig(this.cluster, this.#account), 0o600);
    home.write('admin', this.cluster.kubeconfig, 0o600);
    return home;
  }
}

/** The section of the door, with its longest time for a call. */
export function istioWith(callTimeout: string) {
  const serving = { dnsNames: ['istiod.istio-system.svc', 'localhost'], ipAddresses: ['127.0.0.1'] };
  return { istio: { listen: '127.0.0.1:0', dialect: 'istio-csr', serving, limits: { callTimeout } } };
}

/** A server that relays, on a home of its own. */
export class Relaying implements AsyncDisposable {
  readonly home: TestHome;
  readonly #server: ServerProcess;
  #roots: string;

  private constructor(home: TestHome, server: ServerProcess, roots: string) {
    this.home = home;
    this.#server = server;
    this.#roots = roots;
  }

  static async start(home: TestHome, roots: string): Promise<Relaying> {
    return new Relaying(home, await ServerProcess.start(home), roots);
  }

  get port(): number {
    return this.#server.istio.port;
  }

  /** PEM of what agents trust from now on. */
  trust(roots: string): void {
    this.#roots = roots;
  }

  connect(): Promise<Agent> {
    return Agent.connect({ port: this.port, roots: this.#roots });
  }

  /** Of the workloads' requests, or of our own certificates. */
  records(door: 'istio' | 'internal' = 'istio'): readonly LogRecord[] {
    return recordsOf(this.home).filter((record) => record.door === door);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    this.home[Symbol.dispose]();
  }
}

export const group = 'ca.example.com';

/** What becomes of a request, by the annotation that says whom it is for; undefined: nothing, ever. */
export type Behaviour = (identity: string, shape: Shape) => Shape | 'denied' | undefined;

/** An issuer of a group that cert-manager leaves to others: answers by `behaviour`, with certificates of `ca`. */
export class ForeignIssuer implements AsyncDisposable {
  readonly #site: Site;
  readonly #ca: TestAuthority;
  readonly #behaviour: Behaviour;
  readonly #running: Promise<void>;
  #going = true;

  constructor(site: Site, ca: TestAuthority, behaviour: Behaviour) {
    this.#site = site;
    this.#ca = ca;
    this.#behaviour = behaviour;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const seen = new Set<unknown>();
    while (this.#going) {
      for (const request of await this.#site.requests()) {
        const uid = at(request, 'metadata', 'uid');
        if (seen.has(uid) || at(request, 'spec', 'issuerRef', 'group') !== group) continue;
        seen.add(uid);
        await this.#answer(request);
      }
      await new Promise(setImmediate);
    }
  }

  async #answer(request: unknown): Promise<void> {
    const identity = String(at(request, 'metadata', 'annotations', 'istio.cert-manager.io/identities'));
    const answer = this.#behaviour(identity, this.#shapeFor(at(request, 'spec')));
    if (answer === undefined) return;
    const path = `${this.#site.requestsPath}/${at(request, 'metadata', 'name')}/status`;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const status =
      answer === 'denied'
        ? { conditions: [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'not for you' }] }
        : { certificate: base64(certificatePem(answer, this.#ca)), ca: base64(this.#ca.pem) };
    // Whoever asked may have gone, and the request with it.
    await this.#site.cluster.admin.ask('PATCH', path, {
      body: { status },
      contentType: 'application/merge-patch+json',
    });
  }

  /** As cert-manager's CA issuer would make it. */
  #shapeFor(spec: unknown): Shape {
    const pem = Buffer.from(String(at(spec, 'request')), 'base64').toString();
    const csr = parseCsr(readPem(pem, ['CERTIFICATE REQUEST']));
    const seconds = Number.parseInt(String(at(spec, 'duration')), 10);
    const all = csr.attributes.extensions.sans.map(({ kind, value }) => {
      if (kind === 'ip') return element(contextPrimitive(7), ipOctets(value));
      return kind === 'dns' ? dns(value) : uri(value);
    });
    const usages: unknown = at(spec, 'usages');
    const both = Array.isArray(usages) && usages.includes('client auth') ? [clientAuth, serverAuth] : [serverAuth];
    const shape = caShape(csr, this.#ca, Math.floor(Date.now() / 1000), seconds);
    return having(shape, { [san]: names(csr.subject.empty, ...all), [purposes]: purposesOf(...both) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#going = false;
    await this.#running;
  }
}
