import { isDeepStrictEqual } from 'node:util';
import { ApiError, type KubernetesObject } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { bring } from './bring.ts';
import { Complaints } from './complaints.ts';
import { member } from './object.ts';
import { Restraint } from './restraint.ts';
import type { Controller, Surroundings } from './writer.ts';

export interface CertificateObjectOptions {
  readonly namespace: string;
  /** Of the Certificate. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its whole spec but for the issuer. */
  readonly spec: KubernetesObject;
  /** `spec.issuerRef`; undefined while there is none, and then nothing is written. */
  readonly issuer: () => KubernetesObject | undefined;
}

/**
 * A Certificate of cert-manager's for istiod, as istio-csr keeps one in its dynamic mode: cert-manager makes the Secret, and
 * we need no right on Secrets. What others change in its spec is written again; it is never removed.
 */
export class CertificateObject implements Controller {
  readonly #around: Surroundings;
  readonly #options: CertificateObjectOptions;
  readonly #collection: string;
  readonly #queue: WorkQueue;
  readonly #watch: Reflector<KubernetesObject>;
  readonly #restraint: Restraint;
  readonly #complaints: Complaints;

  constructor(around: Surroundings, options: CertificateObjectOptions) {
    this.#around = around;
    this.#options = options;
    this.#collection = `/apis/cert-manager.io/v1/namespaces/${options.namespace}/certificates`;
    const { api, pace, observer } = around;
    this.#restraint = new Restraint(pace);
    this.#complaints = new Complaints(pace, (message) => observer.told('warn', 'certificate', message));
    this.#queue = new WorkQueue({
      work: () => this.#work(),
      onFault: (_, thrown) => this.#failed(thrown),
      pace,
      observer: around.queueObserver?.('istiod-certificate'),
    });
    this.#watch = new Reflector({
      api,
      pace,
      path: this.#collection,
      query: { fieldSelector: `metadata.name=${options.name}` },
      strip: (object) => member(object, 'spec'),
      onChange: () => this.refresh(),
      onTrouble: (message) => this.#complaints.say(message),
    });
  }

  start(): void {
    this.#watch.start();
    this.refresh();
  }

  refresh(): void {
    this.#queue.add(this.#options.name);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#queue.stop(), this.#watch.stop()]);
  }

  /** Resolves with ms after which to look again. */
  async #work(): Promise<number | undefined> {
    const term = this.#around.term();
    const issuerRef = this.#options.issuer();
    if (term === undefined || issuerRef === undefined) return undefined;
    const { name } = this.#options;
    const restMs = this.#restraint.wait(name);
    if (restMs > 0) {
      this.#complaints.say(`another writer keeps changing ${name}; it is written every half a minute from now on`);
      return restMs;
    }
    const place = { collection: this.#collection, name };
    try {
      const outcome = await bring(this.#around.api, { place, form: (live) => this.#form(issuerRef, live), term });
      if (outcome === 'unchanged') return undefined;
      this.#restraint.wrote(name);
      this.#around.observer.wrote('certificate', outcome);
    } catch (thrown) {
      if (!term.aborted) throw thrown;
    }
    return undefined;
  }

  /** The whole spec is ours; of the rest only our annotations are. */
  #form(issuerRef: KubernetesObject, live: KubernetesObject | undefined): KubernetesObject | undefined {
    const { name, annotations, spec: own } = this.#options;
    const spec = { ...own, issuerRef };
    if (live === undefined) {
      return { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata: { name, annotations }, spec };
    }
    const metadata = member(live, 'metadata');
    const held = member(metadata, 'annotations');
    const isAnnotated = Object.entries(annotations).every(([key, value]) => held[key] === value);
    if (isAnnotated && isDeepStrictEqual(live.spec, spec)) return undefined;
    return { ...live, metadata: { ...metadata, annotations: { ...held, ...annotations } }, spec };
  }

  #failed(thrown: unknown): void {
    this.#around.observer.wrote('certificate', 'failed');
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    this.#complaints.say(thrown instanceof Error ? thrown.message : String(thrown), `write ${status}`);
  }
}
