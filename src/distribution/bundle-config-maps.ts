import { ApiError } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { bring } from './bring.ts';
import {
  type BundleConfigMapFacts,
  type BundleConfigMapNames,
  bundleConfigMap,
  factsOf,
  isRight,
} from './bundle-config-map.ts';
import { Complaints } from './complaints.ts';
import { isTerminating, nameOf } from './namespace.ts';
import { Restraint } from './restraint.ts';
import type { Controller, QueueName, Surroundings } from './writer.ts';

export interface BundleConfigMapsOptions extends BundleConfigMapNames {
  /** In the API's own syntax; empty: all namespaces. */
  readonly namespaceSelector: string;
}

/** What stands in them; undefined: there is none now, and what is written stays. */
export interface ConfigMapBundle {
  readonly bundle: () => string | undefined;
  readonly queue: QueueName;
}

/** Writes at the same time: thousands of namespaces are served in seconds, and the API server does not feel it. */
const concurrency = 8;
/** ms until it is looked again whether both views are whole. */
const notYetMs = 250;

interface Namespace {
  readonly name: string;
  readonly terminating: boolean;
}

/** A bundle, of roots or CRLs, as a ConfigMap in every selected namespace: made, repaired, brought up to date. Never removed, never emptied. */
export class BundleConfigMaps implements Controller {
  readonly #around: Surroundings;
  readonly #options: BundleConfigMapsOptions;
  readonly #bundle: () => string | undefined;
  readonly #namespaces: Reflector<Namespace>;
  readonly #configMaps: Reflector<BundleConfigMapFacts>;
  readonly #queue: WorkQueue;
  readonly #restraint: Restraint;
  readonly #complaints: Complaints;

  constructor(around: Surroundings, options: BundleConfigMapsOptions, { bundle, queue }: ConfigMapBundle) {
    this.#around = around;
    this.#options = options;
    this.#bundle = bundle;
    const { api, pace } = around;
    this.#restraint = new Restraint(pace);
    this.#complaints = new Complaints(pace, (message) => around.observer.told('warn', 'configmap', message));
    const onTrouble = (message: string) => this.#complaints.say(message);
    this.#queue = new WorkQueue({
      work: (namespace) => this.#work(namespace),
      onFault: (namespace, thrown) => this.#failed(namespace, thrown),
      refill: () => this.#selected(),
      concurrency,
      pace,
      observer: around.queueObserver?.(queue),
    });
    this.#namespaces = new Reflector({
      api,
      pace,
      path: '/api/v1/namespaces',
      ...(options.namespaceSelector !== '' && { query: { labelSelector: options.namespaceSelector } }),
      strip: (object) => ({ name: nameOf(object), terminating: isTerminating(object) }),
      onChange: ({ key }) => void this.#queue.add(key),
      onTrouble,
    });
    this.#configMaps = new Reflector({
      api,
      pace,
      path: '/api/v1/configmaps',
      query: { fieldSelector: `metadata.name=${options.name}` },
      strip: (object) => factsOf(object, options),
      onChange: ({ key }) => void this.#queue.add(key.slice(0, key.indexOf('/'))),
      onTrouble,
    });
  }

  start(): void {
    this.#namespaces.start();
    this.#configMaps.start();
  }

  refresh(): void {
    for (const namespace of this.#selected()) if (!this.#queue.add(namespace)) return;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#queue.stop(), this.#namespaces.stop(), this.#configMaps.stop()]);
  }

  *#selected(): Generator<string> {
    for (const { name } of this.#namespaces.all()) yield name;
  }

  /** Resolves with ms after which to look again. */
  async #work(namespace: string): Promise<number | undefined> {
    const term = this.#around.term();
    if (term === undefined) return undefined;
    if (!this.#namespaces.synced || !this.#configMaps.synced) return notYetMs;
    const known = this.#namespaces.get('', namespace);
    if (known === undefined || known.terminating) return undefined;
    const facts = this.#configMaps.get(namespace, this.#options.name);
    const bundle = this.#bundle();
    if (bundle === undefined || (facts !== undefined && isRight(facts, bundle))) return undefined;
    const restMs = this.#restraint.wait(namespace);
    if (restMs > 0) {
      this.#complaints.say(
        `namespace ${namespace}: another writer keeps changing ${this.#options.name}; it is written every half a minute from now on`,
      );
      return restMs;
    }
    await this.#write(namespace, bundle, term, facts === undefined);
    return undefined;
  }

  async #write(namespace: string, bundle: string, term: AbortSignal, presumeMissing: boolean): Promise<void> {
    const { api, observer } = this.#around;
    const place = { collection: `/api/v1/namespaces/${namespace}/configmaps`, name: this.#options.name };
    const form = (live: Parameters<typeof bundleConfigMap>[2]) => bundleConfigMap(this.#options, bundle, live);
    try {
      const outcome = await bring(api, { place, form, term, presumeMissing });
      if (outcome === 'unchanged') return;
      this.#restraint.wrote(namespace);
      observer.wrote('configmap', outcome);
    } catch (thrown) {
      // Whoever leads now does it; a namespace that is on its way out needs nothing.
      if (term.aborted || isAboutTheEnd(thrown)) return;
      throw thrown;
    }
  }

  #failed(namespace: string, thrown: unknown): void {
    this.#around.observer.wrote('configmap', 'failed');
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#complaints.say(`namespace ${namespace}: ${message}`, `write ${status}`);
  }
}

/** The namespace is gone, or takes nothing new since it is being deleted. */
function isAboutTheEnd(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return false;
  return thrown.status === 404 || (thrown.status === 403 && thrown.message.includes('is being terminated'));
}
