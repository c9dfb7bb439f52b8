import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { pagedList } from '#kubernetes/paged-list.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { WorkQueue } from '#kubernetes/work-queue.ts';
import { type Owned, readOwned, requesterLabel } from './request-object.ts';

export interface LeftoversOptions {
  readonly api: KubernetesApi;
  /** Of the collection. */
  readonly path: string;
  /** Label of what this process made. */
  readonly requester: string;
  readonly pace: Pace;
  /** Those of this process that nobody waits for any more. */
  readonly mine: () => Iterable<Owned>;
  readonly onTrouble?: (reason: string) => void;
  readonly queueObserver?: QueueObserver | undefined;
}

/** Deletions at the same time. */
const concurrency = 8;
/** Objects that wait to be deleted; those past it are found by a sweep. */
const maxWaiting = 10_000;
const sweepEveryMs = 600_000;
/** Past its end by this, on whatever clock, nobody waits for an object. */
const graceMs = 600_000;
/** ms that a stop spends on what is left. */
const farewellMs = 2_000;

/**
 * Deletes CertificateRequests that ended: ours as they end, and those of processes that died, which carry the moment after
 * which nobody waits for them. Each by its UID: never what somebody else made under the same name since.
 */
export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #queue: WorkQueue;
  readonly #stopping = new AbortController();
  #callOff: () => void = () => {};
  #sweeping: Promise<void> | undefined;

  constructor(options: LeftoversOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      work: async (key) => void (await this.#delete(key)),
      refill: () => [...options.mine()].map(keyOf),
      onFault: (key, thrown) => options.onTrouble?.(`${key} is not deleted: ${String(thrown)}`),
      concurrency,
      maxKeys: maxWaiting,
      pace: options.pace,
      observer: options.queueObserver,
    });
  }

  start(): void {
    this.#sweeping = this.#sweep().finally(() => {
      if (!this.#stopping.signal.aborted) this.#callOff = this.#options.pace.after(sweepEveryMs, () => this.start());
    });
  }

  remove(object: Owned): void {
    this.#queue.add(keyOf(object));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#callOff();
    await this.#sweeping;
    const enough = Promise.withResolvers<void>();
    const callOff = this.#options.pace.after(farewellMs, () => enough.resolve());
    await Promise.race([this.#idle(), enough.promise]);
    callOff();
    await this.#queue.stop();
  }

  /** Resolves when nothing waits; looked at in steps, for a stop alone. */
  async #idle(): Promise<void> {
    while (this.#queue.size > 0) {
      await new Promise<void>((resolve) => void this.#options.pace.after(20, resolve));
    }
  }

  async #delete(key: string): Promise<void> {
    const [name = '', uid = ''] = key.split('/');
    const { api, path } = this.#options;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    try {
      await api.ask({ method: 'DELETE', path: `${path}/${encodeURIComponent(name)}`, body });
    } catch (thrown) {
      // Gone, or another object has its name: either way ours is not there.
      if (!(thrown instanceof ApiError && (thrown.status === 404 || thrown.status === 409))) throw thrown;
    }
  }

  /** What processes before us, or beside us, left behind. */
  async #sweep(): Promise<void> {
    const { api, path, requester, pace } = this.#options;
    const before = pace.now() - graceMs;
    const query = { labelSelector: `${requesterLabel},${requesterLabel}!=${requester}` };
    const take = (object: KubernetesObject) => {
      const owned = readOwned(object);
      if (owned.expires !== undefined && owned.expires < before) this.remove(owned);
    };
    try {
      await pagedList(api, { path, query, signal: this.#stopping.signal }, take);
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#options.onTrouble?.(`no sweep for now: ${String(thrown)}`);
    }
  }
}

const keyOf = ({ name, uid }: Owned) => `${name}/${uid}`;
