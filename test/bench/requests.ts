import { loadavg } from 'node:os';
import { stringify } from 'yaml';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { everything } from '#test/e2e/cert-manager/site.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { certManagerApi, installKinds } from '#test/support/control-plane/cert-manager.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { TestHome } from '#test/support/home.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { buildCsr, dns, ecKey, san } from '#test/x509/csr/build.ts';
import { sequence } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import type { Progress } from './benchmark.ts';
import { residentOf } from './process-cpu.ts';
import { quiet } from './setting.ts';

export interface RequestsResult {
  readonly kind: 'CertificateRequest' | 'CertificateSigningRequest';
  readonly requests: number;
  /** Requests a second that the server brought to their end, all of them waiting at its start. */
  readonly rate: number;
  /** The same calls to the same API server by a client that signs nothing: what the API path allows. */
  readonly limit: number;
  /** Resident memory of the server, MiB: once it is ready, and the most while it worked. */
  readonly residentMiB: { readonly before: number; readonly most: number };
  /** Of the machine over the minute before. */
  readonly loadBefore: number;
}

/** As many as the server works on at the same time. */
const workers = 16;
const lookMs = 100;
const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const csr = toPem(
  'CERTIFICATE REQUEST',
  buildCsr({ key: ecKey('P-256'), subject: sequence(), extensions: [san(dns('bench.shop.example'))] }),
);
const request = Buffer.from(csr).toString('base64');
const usages = ['digital signature', 'server auth'];

/** Objects that ask for certificates: how many a second come to their end, beside what the API server itself can carry. */
export async function requestsBenchmark(requests: number, progress: Progress): Promise<readonly RequestsResult[]> {
  await using undo = new AsyncDisposableStack();
  progress('a control plane');
  const cluster = await Cluster.start();
  undo.defer(() => cluster.stop());
  await installKinds(cluster.admin);
  await installIssuerKinds(cluster.admin);
  const namespace = await createNamespace(cluster.admin);
  const bench = new Bench(cluster, namespace, progress);
  await bench.issuer();
  return [await bench.run('CertificateRequest', requests), await bench.run('CertificateSigningRequest', requests)];
}

class Bench {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #progress: Progress;

  constructor(cluster: Cluster, namespace: string, progress: Progress) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#progress = progress;
  }

  issuer(): Promise<unknown> {
    const path = '/apis/countersign.dev/v1alpha1/clusterissuers';
    const kind = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ClusterIssuer' };
    return this.#cluster.admin.create(path, { ...kind, metadata: { name: 'mesh' }, spec: {} });
  }

  async run(kind: RequestsResult['kind'], requests: number): Promise<RequestsResult> {
    const loadBefore = loadavg()[0] ?? Number.NaN;
    this.#progress(`${requests} of kind ${kind} for a client that signs nothing`);
    const limit = await this.#limit(await this.#make(kind, requests, 'other.example'), kind);
    this.#progress(`${requests} of kind ${kind} for the server`);
    const paths = await this.#make(kind, requests, 'countersign.dev');
    const { rate, residentMiB } = await this.#served(kind, paths.length);
    return { kind, requests, rate, limit, residentMiB, loadBefore };
  }

  /** Approved, and waiting. */
  async #make(kind: RequestsResult['kind'], count: number, group: string): Promise<string[]> {
    const { admin } = this.#cluster;
    const folder =
      kind === 'CertificateRequest' ? `${certManagerApi}/namespaces/${this.#namespace}/certificaterequests` : csrs;
    const spec =
      kind === 'CertificateRequest'
        ? { request, usages, issuerRef: { group, kind: 'ClusterIssuer', name: 'mesh' } }
        : { request, usages, signerName: `clusterissuers.${group}/mesh` };
    return inParallel(count, async () => {
      const apiVersion = kind === 'CertificateRequest' ? 'cert-manager.io/v1' : 'certificates.k8s.io/v1';
      const made = await admin.create(folder, { apiVersion, kind, metadata: { generateName: 'bench-' }, spec });
      const path = `${folder}/${String(at(made, 'metadata', 'name'))}`;
      await approve(admin, kind, path, made);
      return path;
    });
  }

  /** What the server asks of the API server for each: of a CertificateRequest a fresh look, a status applied, an event. */
  async #limit(paths: readonly string[], kind: RequestsResult['kind']): Promise<number> {
    const { admin } = this.#cluster;
    const certificate = Buffer.from(this.#chain()).toString('base64');
    const began = performance.now();
    await inParallel(paths.length, async (index) => {
      const path = paths[index] ?? '';
      if (kind === 'CertificateRequest') await this.#asAnIssuer(path, certificate);
      else await admin.patch(`${path}/status`, { status: { certificate } });
    });
    return (paths.length / (performance.now() - began)) * 1000;
  }

  async #asAnIssuer(path: string, certificate: string): Promise<void> {
    const { admin } = this.#cluster;
    const namespace = this.#namespace;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const { uid } = Object(at(await admin.get(path), 'metadata'));
    const about = { apiVersion: 'cert-manager.io/v1', kind: 'CertificateRequest' };
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'Issued', message: '', lastTransitionTime: now };
    const status = { certificate, ca: certificate, conditions: [ready] };
    const body = { ...about, metadata: { name, namespace, uid }, status };
    const query = 'fieldManager=bench&force=true';
    await admin.must('PATCH', `${path}/status?${query}`, body, 'application/apply-patch+yaml');
    await admin.create(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
      ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: `${name}.bench`, namespace } },
      ...{ eventTime: now.replace('Z', '000Z'), reportingController: 'bench', reportingInstance: 'bench' },
      ...{ action: 'Synced', reason: 'Issued', type: 'Normal', note: 'signed' },
      regarding: { ...about, name, namespace, uid },
    });
  }

  #chain(): string {
    using home = new TestHome();
    return home.intermediate.pem + home.root.pem;
  }

  /** From when the server is ready to the last end, as its own metrics count them. */
  async #served(kind: RequestsResult['kind'], count: number): Promise<Pick<RequestsResult, 'rate' | 'residentMiB'>> {
    const { admin } = this.#cluster;
    using home = new TestHome({ config: quiet });
    const access = await documentedAccess(admin, { namespace: this.#namespace }, [], 'docs/cert-manager.md');
    home.write('kube.yaml', kubeconfig(access), 0o600);
    home.write('named.yaml', policyText({ name: 'named', spec: everything }));
    const clusterRequests = {
      kubeconfig: 'kube.yaml',
      lease: { namespace: this.#namespace, name: `bench-${kind.toLowerCase()}` },
      certificateRequests: { signerNames: 'answer' },
    };
    home.write('countersign.yaml', stringify({ ...home.config, policies: ['named.yaml'], clusterRequests }));
    await using server = await ServerProcess.start(home);
    const before = residentOf(server.pid);
    let most = before;
    const ready = performance.now();
    for (;;) {
      const { body } = await server.get('/metrics');
      most = Math.max(most, residentOf(server.pid));
      if (endedIn(body) >= count)
        return { rate: (count / (performance.now() - ready)) * 1000, residentMiB: { before, most } };
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }
}

function endedIn(metrics: string): number {
  const counted = /^countersign_cluster_requests_total\{kind="certificaterequests",outcome="issued"\} (\d+)$/m.exec(
    metrics,
  );
  return Number(counted?.[1] ?? 0);
}

async function approve(admin: TestClient, kind: RequestsResult['kind'], path: string, made: unknown): Promise<void> {
  const condition = { type: 'Approved', status: 'True', reason: 'Bench', message: '' };
  const status = { conditions: [condition] };
  if (kind === 'CertificateRequest') await admin.patch(`${path}/status`, { status });
  else await admin.must('PUT', `${path}/approval`, { ...Object(made), status });
}

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return results;
}
