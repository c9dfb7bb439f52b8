import { hash } from 'node:crypto';
import { ApiError, type KubernetesObject } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { bring, find } from './bring.ts';
import { Complaints } from './complaints.ts';
import { member } from './object.ts';
import { Restraint } from './restraint.ts';
import { type Demands, dueAt, type Pair, servingSecret, usablePair } from './serving-secret.ts';
import type { Controller, Surroundings } from './writer.ts';

export interface ControlPlaneCertificateOptions {
  readonly namespace: string;
  readonly secret: string;
  readonly dnsNames: readonly string[];
  readonly uri: string;
  readonly keyKind: KeyKind;
  readonly renewAt: number;
  /** Issues a new pair, on the record. */
  readonly issue: () => Promise<Pair>;
  /** When the pair in the Secret ends, seconds since the epoch; undefined once that is the concern of another replica. */
  readonly expires: (notAfter: number | undefined) => void;
}

/** ms between two looks at the longest: a watch may have been refused, a clock set. */
const longestMs = 3_600_000;
/** Under an issuer at its end lifetimes shrink towards nothing; renewals must not follow them into a tight loop. */
const shortestMs = 10_000;

/**
 * istiod's certificate as a Secret: issued by us, renewed in time, written again where somebody damaged or deleted it. A
 * replica that takes over keeps the one that is there as long as it is good.
 */
export class ControlPlaneCertificate implements Controller {
  readonly #around: Surroundings;
  readonly #options: ControlPlaneCertificateOptions;
  readonly #collection: string;
  readonly #queue: WorkQueue;
  readonly #watch: Reflector<string>;
  readonly #restraint: Restraint;
  readonly #complaints: Complaints;
  /** Issued and perhaps not written yet: a repair or a second try needs no other. */
  #held: Pair | undefined;

  constructor(around: Surroundings, options: ControlPlaneCertificateOptions) {
    this.#around = around;
    this.#options = options;
    this.#collection = `/api/v1/namespaces/${options.namespace}/secrets`;
    const { api, pace, observer } = around;
    this.#restraint = new Restraint(pace);
    this.#complaints = new Complaints(pace, (message) => observer.told('warn', 'secret', message));
    this.#queue = new WorkQueue({
      work: () => this.#work(),
      onFault: (_, thrown) => this.#failed(thrown),
      pace,
      observer: around.queueObserver?.('istiod-secret'),
    });
    this.#watch = new Reflector({
      api,
      pace,
      path: this.#collection,
      query: { fieldSelector: `metadata.name=${options.secret}` },
      // The key in it is of no use here.
      strip: (object) => hash('sha256', JSON.stringify(member(object, 'data')), 'hex'),
      onChange: () => this.refresh(),
      onTrouble: (message) => this.#complaints.say(message),
    });
  }

  start(): void {
    this.#watch.start();
    this.refresh();
  }

  refresh(): void {
    this.#queue.add(this.#options.secret);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#queue.stop(), this.#watch.stop()]);
    this.#held = undefined;
  }

  /** Resolves with ms after which to look again. */
  async #work(): Promise<number | undefined> {
    const term = this.#around.term();
    if (term === undefined) {
      this.#held = undefined;
      this.#options.expires(undefined);
      return undefined;
    }
    const { secret } = this.#options;
    const restMs = this.#restraint.wait(secret);
    if (restMs > 0) {
      this.#complaints.say(`another writer keeps changing ${secret}; it is written every half a minute from now on`);
      return restMs;
    }
    try {
      const pair = await this.#pair(term);
      await this.#write(pair, term);
      this.#options.expires(pair.notAfter);
      return this.#untilDue(pair);
    } catch (thrown) {
      if (term.aborted) return undefined;
      throw thrown;
    }
  }

  /** What is in the Secret where that is good; else what we made for it; else a new one. */
  async #pair(term: AbortSignal): Promise<Pair> {
    const live = await find(this.#around.api, { collection: this.#collection, name: this.#options.secret }, term);
    const there = live && usablePair(live, this.#demands());
    if (there !== undefined) return there;
    if (this.#held !== undefined && this.#isUsable(this.#held)) return this.#held;
    this.#held = await this.#options.issue();
    return this.#held;
  }

  async #write(pair: Pair, term: AbortSignal): Promise<void> {
    const { api, bundle, observer } = this.#around;
    const { secret } = this.#options;
    const place = { collection: this.#collection, name: secret };
    const form = (live: KubernetesObject | undefined) => servingSecret(secret, pair, bundle(), live);
    const outcome = await bring(api, { place, form, term });
    if (outcome === 'unchanged') return;
    this.#restraint.wrote(secret);
    observer.wrote('secret', outcome);
  }

  /** Judged as if it stood in the Secret: roots or names may have changed since it was issued. */
  #isUsable(pair: Pair): boolean {
    const secret = servingSecret(this.#options.secret, pair, this.#around.bundle(), undefined);
    return secret !== undefined && usablePair(secret, this.#demands()) !== undefined;
  }

  #demands(): Demands {
    const { dnsNames, uri, keyKind, renewAt } = this.#options;
    const now = Math.floor(this.#around.pace.now() / 1000);
    return { dnsNames, uri, keyKind, renewAt, now, bundle: this.#around.bundle() };
  }

  #untilDue(pair: Pair): number {
    const ms = dueAt(pair, this.#options.renewAt) * 1000 - this.#around.pace.now();
    return Math.min(longestMs, Math.max(shortestMs, ms));
  }

  #failed(thrown: unknown): void {
    this.#around.observer.wrote('secret', 'failed');
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    this.#complaints.say(thrown instanceof Error ? thrown.message : String(thrown), `write ${status}`);
  }
}
