import type { Issuance, IssuanceRequest } from '#issuance/request.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { servedVersion } from '#kubernetes/served-version.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { answerTo } from './pod-certificate-answer.ts';
import {
  type PodCertificateRequest,
  podCertificateVersions,
  readPodCertificateRequest,
} from './pod-certificate-request.ts';
import { deniedStatus, type Handed, isStale, issuedStatus } from './pod-certificate-status.ts';

const served = { group: 'certificates.k8s.io', versions: podCertificateVersions, plural: 'podcertificaterequests' };
/** ms until a cluster that serves no such kind is asked again: it takes an upgrade to change that. */
const notServedMs = 600_000;
/** ms for one issuance, its queues included. */
const issuanceMs = 10_000;
const statusMs = 10_000;
/** Requests worked on at the same time: they wait for the API server, not for us. */
const concurrency = 16;
/** The API server lets no shorter window be asked for (kubernetes.md §3.2). */
const leastSeconds = 3_600;

export type PodCertificateOutcome = 'issued' | 'denied' | 'left' | 'failed';

export interface PodCertificateObserver {
  ended(outcome: PodCertificateOutcome): void;
  /** Worth a line in the log; says nothing secret. */
  told(level: 'info' | 'warn', message: string): void;
}

export interface PodCertificatesOptions {
  readonly api: KubernetesApi;
  readonly issuance: Issuance;
  /** Of the lease; undefined while another replica answers. */
  readonly term: () => AbortSignal | undefined;
  /** Name of the cluster, in records. */
  readonly cluster: string;
  readonly signerName: string;
  /** Name of the issuer; the default one unless told. */
  readonly issuer?: string;
  /** By UID of the request: what a process that died put on the record, and perhaps handed over to nobody. */
  readonly issuedBefore?: ReadonlyMap<string, Handed>;
  readonly pace: Pace;
  readonly observer: PodCertificateObserver;
}

/**
 * Answers PodCertificateRequests of one signer (KEP-4317). What is not answered stays as it is: the API knows no waiting
 * state, and what kubelet is told to have failed stays failed.
 */
export class PodCertificates {
  readonly #options: PodCertificatesOptions;
  readonly #queue: WorkQueue;
  /** By UID: on the record, and perhaps not yet in the API server. Never signed twice while the first can still be taken. */
  readonly #issued: Map<string, Handed>;
  #requests: Reflector<PodCertificateRequest> | undefined;
  #version: string | undefined;
  #stopped = false;
  #callOff = () => {};

  constructor(options: PodCertificatesOptions) {
    this.#options = options;
    this.#issued = new Map(options.issuedBefore);
    this.#queue = new WorkQueue({
      work: (key, signal) => this.#work(key, signal),
      onFault: (key, thrown, failures) => this.#failed(key, thrown, failures),
      refill: () => this.#keys(),
      concurrency,
      pace: options.pace,
    });
  }

  start(): void {
    void this.#follow();
  }

  /** Looks at every request again: the lease was won, or there are other policies or issuers. */
  refresh(): void {
    for (const key of this.#keys()) this.#queue.add(key);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Why requests are not seen; undefined while they are. */
  get fault(): string | undefined {
    if (this.#requests === undefined) return 'the cluster is not known to serve PodCertificateRequests';
    return this.#requests.fault;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff();
    await this.#queue.stop();
    await this.#requests?.stop();
  }

  async #follow(): Promise<void> {
    const { api, pace, observer, signerName } = this.#options;
    let waitMs = notServedMs;
    try {
      this.#version ??= await servedVersion(api, served, AbortSignal.timeout(statusMs));
      if (this.#version === undefined) observer.told('info', 'the cluster serves no PodCertificateRequests');
    } catch (thrown) {
      observer.told(
        'warn',
        `it cannot be told whether the cluster serves PodCertificateRequests: ${messageOf(thrown)}`,
      );
      waitMs = 5_000;
    }
    if (this.#stopped) return;
    if (this.#version === undefined) {
      this.#callOff = pace.after(waitMs, () => void this.#follow());
      return;
    }
    this.#requests = new Reflector<PodCertificateRequest>({
      api,
      path: `/apis/${served.group}/${this.#version}/${served.plural}`,
      query: { fieldSelector: `spec.signerName=${signerName}` },
      strip: readPodCertificateRequest,
      onChange: ({ key, before, after }) => {
        if (after !== undefined) this.#queue.add(key);
        else if (before !== undefined) this.#issued.delete(before.uid);
      },
      onTrouble: (message) => observer.told('warn', message),
      pace,
    });
    this.#requests.start();
  }

  *#keys(): Iterable<string> {
    for (const { namespace, name } of this.#requests?.all() ?? []) yield `${namespace}/${name}`;
  }

  async #work(key: string, stopping: AbortSignal): Promise<undefined> {
    const [namespace = '', name = ''] = key.split('/');
    const request = this.#requests?.get(namespace, name);
    const term = this.#options.term();
    if (request === undefined || term === undefined) return;
    const signal = AbortSignal.any([term, stopping]);
    const status = await this.#statusFor(request, signal);
    if (status !== undefined) await this.#write(request, status, signal);
  }

  /** Undefined where nothing is to be said. Throws what is to be tried again. */
  async #statusFor(request: PodCertificateRequest, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    const { pace, observer, issuance } = this.#options;
    const flaw = flawOf(request);
    if (flaw !== undefined) {
      const given = await issuance.refuse(this.#attempt(request), flaw.refusal);
      // another one says that it could not be put on the record
      if (given !== flaw.refusal) throw given;
      return deniedStatus(flaw.reason, given.message, pace.now());
    }
    try {
      return issuedStatus(await this.#issue(request, signal), pace.now());
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const refusal = asRefusal(thrown);
      const answer = answerTo(refusal);
      if (answer === 'later') throw refusal;
      if (answer === 'leave') {
        observer.ended('left');
        observer.told('warn', `${request.namespace}/${request.name} is not answered: ${refusal.message}`);
        return undefined;
      }
      return deniedStatus(answer.denied, refusal.message, pace.now());
    }
  }

  async #issue(request: PodCertificateRequest, signal: AbortSignal): Promise<Handed> {
    const { pace, issuance } = this.#options;
    const before = this.#issued.get(request.uid);
    if (before !== undefined && !isStale(before, pace.now())) return before;
    const attempt = this.#attempt(request);
    const late = AbortSignal.timeout(issuanceMs);
    const { facts } = await issuance.issue(attempt, AbortSignal.any([signal, late]));
    this.#issued.set(request.uid, facts);
    return facts;
  }

  #attempt({ uid, stub = '', maxExpirationSeconds, ...claim }: PodCertificateRequest): IssuanceRequest {
    const { cluster, issuer } = this.#options;
    const { namespace, pod, serviceAccount, node, signerName } = claim;
    return {
      id: uid,
      door: 'pod-certificate',
      evidence: {
        authorization: [],
        clusterId: [],
        pod: { cluster, namespace, pod, serviceAccount, node, signerName },
      },
      csr: stub,
      wish: {
        // what the object says is the most that its pod takes; the policy's default decides below it
        ttl: 0n,
        span: { least: leastSeconds, most: maxExpirationSeconds },
        csrNames: 'none',
        ttlAbove: 'clamp',
        ...(issuer !== undefined && { signer: issuer }),
      },
    };
  }

  /** A crash before this leaves a certificate on the record that nobody holds; the request is then signed afresh. */
  async #write({ namespace, name, uid }: PodCertificateRequest, status: KubernetesObject, signal: AbortSignal) {
    const { api, observer } = this.#options;
    const folder = `/apis/${served.group}/${this.#version ?? ''}/namespaces/${encodeURIComponent(namespace)}`;
    try {
      await api.ask({
        method: 'PATCH',
        path: `${folder}/${served.plural}/${encodeURIComponent(name)}/status`,
        contentType: 'application/merge-patch+json',
        // another object of that name has another UID: then this is a conflict, and nothing is written
        body: { metadata: { uid }, status },
        timeoutMs: statusMs,
        signal,
      });
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || (thrown.status !== 404 && thrown.status !== 409)) throw thrown;
      // gone, or answered by the replica that had the lease before
      observer.ended('left');
      return;
    }
    observer.ended('certificateChain' in status ? 'issued' : 'denied');
  }

  #failed(key: string, thrown: unknown, failures: number): void {
    const { observer } = this.#options;
    observer.ended('failed');
    if (failures === 1 || failures % 10 === 0)
      observer.told('warn', `${key} waits, and is tried again: ${messageOf(thrown)}`);
  }
}

interface Flaw {
  /** Of the condition. */
  readonly reason: 'InvalidRequest' | 'InvalidUnverifiedUserAnnotations';
  readonly refusal: Refusal;
}

/** What is wrong with the request itself, before anybody is asked whom it is for. */
function flawOf({ annotations: [first], stub }: PodCertificateRequest): Flaw | undefined {
  if (stub === undefined) {
    const sentence = 'stubPKCS10Request is empty: this signer reads the key from there (Kubernetes 1.36 or later)';
    return { reason: 'InvalidRequest', refusal: new Refusal('csr.pem', sentence) };
  }
  if (first === undefined) return undefined;
  const sentence = `userAnnotations: this signer knows none, and ${first.slice(0, 200)} is there`;
  return { reason: 'InvalidUnverifiedUserAnnotations', refusal: new Refusal('csr.attribute', sentence) };
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
