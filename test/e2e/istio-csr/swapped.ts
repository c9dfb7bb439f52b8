import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { Agent } from '#test/support/agent.ts';
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
import { repository, TestHome } from '#test/support/home.ts';

/** The name that the chart gives to the service account; approval policies know it. */
const account = 'cert-manager-istio-csr';
const everything = ['get', 'list', 'create', 'update', 'watch'];
const reading = ['get', 'list', 'watch'];

/** A namespace each for istio-csr and for a workload, and exactly the rights of istio-csr's chart (contract §4.9). */
export class Site implements Disposable {
  readonly home = new TestHome();
  readonly cluster: ControlPlane;
  readonly namespace: string;
  readonly workload: ServiceAccount;
  readonly token: string;
  readonly label: string;
  /** Where CertificateRequests may be made; empty: nowhere, and the home has an issuer. */
  readonly requests: string;

  private constructor(
    cluster: ControlPlane,
    namespace: string,
    workload: ServiceAccount,
    token: string,
    requests: string,
  ) {
    this.requests = requests;
    this.cluster = cluster;
    this.namespace = namespace;
    this.workload = workload;
    this.token = token;
    this.label = `countersign-test/${namespace}`;
  }

  /** `requests`: the namespace of cert-manager's issuers that sign; the home has nothing then. */
  static async make(cluster: ControlPlane, requests = ''): Promise<Site> {
    const { admin } = cluster;
    const namespace = await createNamespace(admin, { prefix: 'istio-csr' });
    const own = await createServiceAccount(admin, namespace, account);
    await grant(admin, own, [
      { apiGroups: [''], resources: ['configmaps'], verbs: everything },
      { apiGroups: [''], resources: ['namespaces'], verbs: reading },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]);
    await grant(
      admin,
      own,
      [
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          verbs: ['get', 'create', 'update', 'watch', 'list'],
        },
        { apiGroups: [''], resources: ['events'], verbs: ['create'] },
      ],
      namespace,
    );
    if (requests !== '') {
      const verbs = ['get', 'list', 'create', 'update', 'delete', 'watch'];
      const rules = [
        { apiGroups: ['cert-manager.io'], resources: ['certificaterequests'], verbs },
        { apiGroups: [''], resources: ['events'], verbs: ['create'] },
        // what the chart adds for istiod's namespace in dynamic mode
        { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs },
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['runtime'], verbs: reading },
      ];
      await grant(admin, own, rules, requests);
    }
    const label = `countersign-test/${namespace}`;
    const place = await createNamespace(admin, { prefix: 'shop', labels: { [label]: '' } });
    const workload = await createServiceAccount(admin, place, 'web');
    const pod = await createPod(admin, workload);
    const site = new Site(
      cluster,
      namespace,
      workload,
      await requestToken(admin, workload, { audiences: ['istio-ca'], pod }),
      requests,
    );
    site.home.write('kubeconfig', await serviceAccountKubeconfig(cluster, own), 0o600);
    const { apiVersion, kind, issuers, audit } = site.home.config;
    if (requests === '') site.home.write('countersign.yaml', stringify({ apiVersion, kind, issuers, audit }));
    return site;
  }

  get identity(): string {
    return `spiffe://cluster.local/ns/${this.workload.namespace}/sa/${this.workload.name}`;
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }
}

interface Ports {
  readonly istio: number;
  readonly metrics: number;
  readonly probe: number;
}

/** The program with istio-csr's arguments, as its chart's Deployment starts the image. */
export class Swapped implements AsyncDisposable {
  readonly ports: Ports;
  readonly workingFolder: string;
  readonly lines: string[] = [];
  /** Of its standard output. */
  readonly output: string[] = [];
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #site: Site;

  private constructor(site: Site, ports: Ports, child: ChildProcess, workingFolder: string) {
    this.workingFolder = workingFolder;
    this.ports = ports;
    this.#site = site;
    this.#child = child;
    if (child.stderr === null || child.stdout === null) throw new Error('a pipe was asked for');
    createInterface({ input: child.stderr }).on('line', (line) => this.lines.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => this.output.push(line));
    this.ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  }

  /** `more` comes last, and so counts where it repeats a flag. `home`: a folder, where the site's own is not meant. */
  static async start(site: Site, more: readonly string[] = [], known?: Ports, home?: string): Promise<Swapped> {
    const [istio = 0, metrics = 0, probe = 0] = await freePorts(3);
    const ports = known ?? { istio, metrics, probe };
    const words = [join(repository, 'src/cli/main.ts'), ...chartArguments(site, ports), ...more];
    const workingFolder = mkdtempSync(join(tmpdir(), 'countersign-nowhere-'));
    const nowhere = '/nonexistent';
    const child = spawn(process.execPath, words, {
      cwd: workingFolder,
      env: {
        PATH: process.env.PATH,
        COUNTERSIGN_HOME: home ?? (site.requests === '' ? site.home.directory : nowhere),
        HOME: nowhere,
        TMPDIR: nowhere,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Swapped(site, ports, child, workingFolder);
  }

  /** Status and body of GET on one of its plain ports; status 0 where nobody answers. */
  async get(port: 'metrics' | 'probe', path: string): Promise<{ readonly status: number; readonly body: string }> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.ports[port]}${path}`);
      return { status: response.status, body: await response.text() };
    } catch {
      return { status: 0, body: '' };
    }
  }

  connect(roots = this.#site.home.root.pem): Promise<Agent> {
    return Agent.connect({ port: this.ports.istio, roots });
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.ended;
    rmSync(this.workingFolder, { recursive: true });
  }
}

/** In the chart's order and form, empty values included; what a test cannot share with others is its own. */
function chartArguments(site: Site, ports: Ports): readonly string[] {
  return [
    '--log-level=1',
    '--log-format=json',
    `--metrics-port=${ports.metrics}`,
    `--readiness-probe-port=${ports.probe}`,
    '--readiness-probe-path=/readyz',
    `--certificate-namespace=${site.requests === '' ? 'istio-system' : site.requests}`,
    `--issuer-enabled=${site.requests !== ''}`,
    '--issuer-name=istio-ca',
    '--issuer-kind=Issuer',
    '--issuer-group=cert-manager.io',
    '--preserve-certificate-requests=false',
    '--root-ca-file=',
    '--serving-certificate-dns-names=cert-manager-istio-csr.cert-manager.svc',
    '--serving-certificate-dns-names=localhost',
    '--serving-certificate-duration=1h',
    '--serving-tls-min-version=',
    '--trust-domain=cluster.local',
    '--cluster-id=Kubernetes',
    '--max-client-certificate-duration=1h',
    `--serving-address=127.0.0.1:${ports.istio}`,
    '--serving-certificate-key-size=2048',
    '--serving-signature-algorithm=RSA',
    '--enable-client-cert-authenticator=false',
    `--leader-election-namespace=${site.namespace}`,
    `--configmap-namespace-selector=${site.label}`,
    '--disable-kubernetes-client-rate-limiter=false',
    '--runtime-issuance-config-map-name=',
    '--runtime-issuance-config-map-namespace=istio-system',
    '--istiod-cert-enabled=false',
    '--istiod-cert-name=istiod-dynamic',
    '--istiod-cert-namespace=istio-system',
    '--istiod-cert-duration=1h',
    '--istiod-cert-renew-before=30m',
    '--istiod-cert-key-algorithm=RSA',
    '--istiod-cert-key-size=2048',
    '--istiod-cert-additional-dns-names=',
    '--istiod-cert-istio-revisions=default',
    '--ca-trusted-node-accounts=',
    `--kubeconfig=${site.home.path('kubeconfig')}`,
  ];
}

/** Ports that were free a moment ago on every address, below those that clients of other tests come from. */
async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(20_000, 32_000);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}

export const dockerfile = () => readFileSync(`${repository}Dockerfile`, 'utf8');
