import { ApiError } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { servedVersion } from '#kubernetes/served-version.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { bring } from './bring.ts';
import { Complaints } from './complaints.ts';
import { member, textAt } from './object.ts';
import { Restraint } from './restraint.ts';
import {
  bundleIn,
  type OwnedTrustBundle,
  type TrustBundleVersion,
  trustBundle,
  trustBundleVersions,
} from './trust-bundle.ts';
import type { Controller, Surroundings } from './writer.ts';

/** ms until a cluster that serves no such kind is asked again: it takes an upgrade to change that. */
const notServedMs = 600_000;
const served = { group: 'certificates.k8s.io', versions: trustBundleVersions, plural: 'clustertrustbundles' };

/** Which of them are kept. */
export interface KeptTrustBundles {
  /** By name, at this moment. */
  readonly wanted: () => ReadonlyMap<string, OwnedTrustBundle>;
  /** Whether the name is one that any of them has, had or may have. */
  readonly isOne: (name: string) => boolean;
  /** What tells the API server the same, where there are selectors for it. */
  readonly query?: Readonly<Record<string, string>>;
}

/** One, for ever. */
export function oneTrustBundle(names: OwnedTrustBundle): KeptTrustBundles {
  const wanted = new Map([[names.name, names]]);
  return {
    wanted: () => wanted,
    isOne: (name) => name === names.name,
    query: { fieldSelector: `metadata.name=${names.name}` },
  };
}

/** The root bundle as ClusterTrustBundles, where the cluster serves the kind. None is removed by us. */
export class ClusterTrustBundles implements Controller {
  readonly #around: Surroundings;
  readonly #kept: KeptTrustBundles;
  readonly #queue: WorkQueue;
  readonly #restraint: Restraint;
  readonly #complaints: Complaints;
  #version: TrustBundleVersion | undefined;
  #watch: Reflector<string> | undefined;
  #saidNotServed = false;
  #stopped = false;

  constructor(around: Surroundings, kept: KeptTrustBundles) {
    this.#around = around;
    this.#kept = kept;
    const { pace, observer } = around;
    this.#restraint = new Restraint(pace);
    this.#complaints = new Complaints(pace, (message) => observer.told('warn', 'clustertrustbundle', message));
    this.#queue = new WorkQueue({
      work: (name) => this.#work(name),
      refill: () => kept.wanted().keys(),
      onFault: (_, thrown) => this.#failed(thrown),
      pace,
      observer: around.queueObserver?.('clustertrustbundles'),
    });
  }

  start(): void {
    this.refresh();
  }

  refresh(): void {
    for (const name of this.#kept.wanted().keys()) this.#queue.add(name);
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
  async #work(name: string): Promise<number | undefined> {
    const { term: currentTerm, api, bundle, observer } = this.#around;
    const term = currentTerm();
    const names = this.#kept.wanted().get(name);
    // an outside issuer may have yet to name its roots, and a bundle is never empty
    if (term === undefined || names === undefined || bundle() === '') return undefined;
    this.#version ??= await servedVersion(api, served, term);
    const version = this.#version;
    if (version === undefined) return this.#notServed();
    this.#follow(version);
    const restMs = this.#restraint.wait(name);
    if (restMs > 0) {
      this.#complaints.say(`another writer keeps changing ${name}; it is written every half a minute from now on`);
      return restMs;
    }
    const place = { collection: collectionOf(version), name };
    const form = (live: Parameters<typeof trustBundle>[3]) => trustBundle(names, version, bundle(), live);
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
    const { isOne, query, wanted } = this.#kept;
    this.#watch = new Reflector({
      api: this.#around.api,
      pace: this.#around.pace,
      path: collectionOf(version),
      ...(query && { query }),
      strip: (object) => (isOne(textAt(member(object, 'metadata'), 'name') ?? '') ? bundleIn(object) : undefined),
      onChange: ({ key }) => {
        if (wanted().has(key)) this.#queue.add(key);
      },
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
