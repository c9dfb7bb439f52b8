import { X509Certificate } from 'node:crypto';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { Reader, section, typedIn } from '#test/e2e/istio-csr/document.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { Agent } from '#test/support/agent.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import {
  createNode,
  createPod,
  createServiceAccount,
  grant,
  type Pod,
  requestToken,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { repository, TestHome } from '#test/support/home.ts';
import { p256Request } from '#test/support/requests.ts';
import { bundled, type Credentials } from './mutual-tls.ts';
import { credentialBundle } from './node-agent.ts';
import { type Places, PlayedPod, type Stage } from './played-pod.ts';

const namespace = 'shop';
const system = 'istio-system';
const signerName = 'mesh.example/workload';
const document = 'docs/pod-certificates.md';

export const idOf = (account: string) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

/** A cluster of its own, where every name is the document's, with Countersign as its CA and what the document has one type. */
export class Shop implements AsyncDisposable {
  readonly roots: string;
  readonly running: InProcess;
  /** What kubectl said to the lines of the document. */
  readonly told: readonly string[];
  readonly #stage: Stage;
  readonly #rest: AsyncDisposableStack;

  private constructor(stage: Stage, running: InProcess, told: readonly string[], rest: AsyncDisposableStack) {
    this.#stage = stage;
    this.running = running;
    this.roots = running.home.root.pem;
    this.told = told;
    this.#rest = rest;
  }

  /** `envoy`: path of the program. */
  static async open(envoy: string): Promise<Shop> {
    await using opened = new AsyncDisposableStack();
    const cluster = opened.use(await Cluster.start());
    const { admin } = cluster;
    await admin.create('/api/v1/namespaces', { metadata: { name: system } });
    const home = opened.use(await homeIn(cluster));
    const running = opened.use(await InProcess.start(home));
    const reader = opened.use(new Reader(cluster));
    symlinkSync(join(repository, 'examples'), reader.path('examples'));
    const told: string[] = [];
    for (const line of typedIn(section('An example, with an Envoy of the mesh', document)))
      told.push(await reader.type(line));
    const stage = { admin, namespace, envoy, node: await createNode(admin) };
    return new Shop(stage, running, told, opened.move());
  }

  /** A pod of that Deployment, which nothing runs yet; it is gone when the shop closes. */
  async place(deployment: string, places: Places = {}): Promise<PlayedPod> {
    return this.#rest.use(await PlayedPod.place(this.#stage, deployment, { '0.0.0.0': '127.0.0.1', ...places }));
  }

  /** The bundle of a pod of another account. */
  async stranger(): Promise<Credentials> {
    const { admin, node } = this.#stage;
    const account = await createServiceAccount(admin, namespace);
    const pod = await createPod(admin, account, { node: node.name, signers: [signerName] });
    return bundled(await credentialBundle(admin, { account, pod, node, signerName }));
  }

  /** As Istio's agent gets its own at the Istio door: with the token of its pod. */
  async meshed(pod: Pod): Promise<Credentials> {
    const account = { namespace, name: pod.serviceAccount };
    const token = await requestToken(this.#stage.admin, account, { audiences: ['istio-ca'], pod });
    const { csr, keyPem } = p256Request(idOf(account.name));
    using agent = await Agent.connect({ port: this.running.server.istio.port, roots: this.roots });
    const { code, message, chain } = await agent.call({ csr, token });
    if (code !== 0) throw new Error(`${code} ${message}`);
    return { key: keyPem, cert: chain.join('') };
  }

  /** As Istio's agent hands them on: file by file, each by a rename, the key first. Resolves with the leaf. */
  async handOn(pod: PlayedPod): Promise<X509Certificate> {
    const { key, cert } = await this.meshed(pod.pod);
    const volume = pod.volume('certs');
    const files = { 'key.pem': key, 'cert-chain.pem': cert, 'root-cert.pem': this.roots };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(volume.path(`${name}.tmp`), content, { mode: 0o600 });
      renameSync(volume.path(`${name}.tmp`), volume.path(name));
    }
    return new X509Certificate(cert);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rest.disposeAsync();
  }
}

/** Of a server that may do what the documents say, and no more. */
async function homeIn(cluster: Cluster): Promise<TestHome> {
  const { admin } = cluster;
  const reviewer = await createServiceAccount(admin, system);
  await grant(admin, reviewer, [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  ]);
  const home = new TestHome({
    policies: [join(repository, 'policies/default.yaml')],
    config: {
      ...quiet,
      authenticators: [{ clientCertificate: {} }, { kubernetes: { mode: 'review', kubeconfig: 'tokens.yaml' } }],
      clusterRequests: { kubeconfig: 'pods.yaml', podCertificates: { signerName } },
      distribution: { kubeconfig: 'roots.yaml' },
    },
  });
  home.write('tokens.yaml', await serviceAccountKubeconfig(cluster, reviewer), 0o600);
  const documents = { 'pods.yaml': document, 'roots.yaml': 'docs/kubernetes.md' };
  for (const [name, each] of Object.entries(documents))
    home.write(name, kubeconfig(await documentedAccess(admin, { namespace: system }, [], each)), 0o600);
  return home;
}
