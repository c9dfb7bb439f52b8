import { ApiError } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { servedVersion } from '#kubernetes/served-version.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { bring } from './bring.ts';
import { Complaints } from './complaints.ts';
import { Restraint } from './restraint.ts';
import {
  bundleIn,
  type TrustBundleNames,
  type TrustBundleVersion,
  trustBundle,
  trustBundleVersions,
} from './trust-bundle.ts';
import type { Controller, Surroundings } from './writer.ts';

/** ms until a cluster that serves no such kind is asked again: it takes an upgrade to change that. */
const notServedMs = 600_000;
const served = { group: 'certificates.k8s.io', versions: trustBundleVersions, plural: 'clustertrustbundles' };

/** The root bundle as one ClusterTrustBundle, where the cluster serves the kind. Never removed. */
export class ClusterTrustBundle implements Controller {
  readonly #around: Surroundings;
  readonly #names: TrustBundleNames;
  readonly #queue: WorkQueue;
  readonly #restraint: Restraint;
  readonly #complaints: Complaints;
  #version: TrustBundleVersion | undefined;
  #watch: Reflector<string> | undefined;
  #saidNotServed = false;
  #stopped = false;

  constructor(around: Surroundings, names: TrustBundleNames) {
    this.#around = around;
    this.#names = names;
    const { pace, observer } = around;
    this.#restraint = new Restraint(pace);
    this.#complaints = new Complaints(pace, (message) => observer.told('warn', 'clustertrustbundle', message));
    this.#queue = new WorkQueue({
      work: () => this.#work(),
      onFault: (_, thrown) => this.#failed(thrown),
      pace,
      observer: around.queueObserver?.('clustertrustbundles'),
    });
  }

  start(): void {
    this.refresh();
  }

  refresh(): void {
    this.#queue.add(this.#names.name);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#queue.stop();
    await this.#watch?.stop();
  }

  /** Resolves with ms after which to look again. */
  async #work(): Promise<number | undefined> {
    const { term: currentTerm, api, bundle, observer } = this.#around;
    const term = currentTerm();
    if (term === undefined) return undefined;
    this.#version ??= await servedVersion(api, served, term);
    const version = this.#version;
    if (version === undefined) return this.#notServed();
    this.#follow(version);
    const { name } = this.#names;
    const restMs = this.#restraint.wait(name);
    if (restMs > 0) {
      this.#complaints.say(`another writer keeps changing ${name}; it is written every half a minute from now on`);
      return restMs;
    }
    const place = { collection: collectionOf(version), name };
    const form = (live: Parameters<typeof trustBundle>[3]) => trustBundle(this.#names, version, bundle(), live);
    try {
      const outcome = await bring(api, { place, form, term });
      if (outcome === 'unchanged') return undefined;
      this.#restraint.wrote(name);
      observer.wrote('clustertrustbundle', outcome);
    } catch (thrown) {
      if (term.aborted) return undefined;
      // What exists is found, so this is the kind: the cluster was upgraded, and serves another version or none.
      if (thrown instanceof ApiError && thrown.status === 404) await this.#forgetVersion();
      throw thrown;
    }
    return undefined;
  }

  #notServed(): number {
    if (!this.#saidNotServed) {
      this.#around.observer.told(
        'info',
        'clustertrustbundle',
        'this cluster serves no ClusterTrustBundles: none is written',
      );
    }
    this.#saidNotServed = true;
    return notServedMs;
  }

  #follow(version: TrustBundleVersion): void {
    if (this.#watch !== undefined || this.#stopped) return;
    this.#saidNotServed = false;
    this.#watch = new Reflector({
      api: this.#around.api,
      pace: this.#around.pace,
      path: collectionOf(version),
      query: { fieldSelector: `metadata.name=${this.#names.name}` },
      strip: bundleIn,
      onChange: () => this.refresh(),
      onTrouble: (message) => this.#complaints.say(message),
    });
    this.#watch.start();
  }

  async #forgetVersion(): Promise<void> {
    this.#version = undefined;
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.stop();
  }

  #failed(thrown: unknown): void {
    this.#around.observer.wrote('clustertrustbundle', 'failed');
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    this.#complaints.say(thrown instanceof Error ? thrown.message : String(thrown), `write ${status}`);
  }
}

const collectionOf = (version: TrustBundleVersion) => `/apis/certificates.k8s.io/${version}/clustertrustbundles`;
