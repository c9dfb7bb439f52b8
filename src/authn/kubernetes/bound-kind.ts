import type { Clock } from '#issuance/ports.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { View } from '#kubernetes/view.ts';
import type { BoundFacts, BoundKindName } from './object-facts.ts';
import type { TokenObserver } from './observer.ts';

export interface BoundKindOptions<Facts> {
  readonly kind: BoundKindName;
  readonly view: View<Facts>;
  readonly read: (object: KubernetesObject) => Facts;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** ms until a GET is given up. */
  readonly timeoutMs: number;
  readonly observer: TokenObserver;
}

/** A UID of it never comes again, or that cannot be told now. */
export type NotFound = 'gone' | 'unavailable';

/** Callers that wait for GETs: far fewer than the door has places, so that an API server that hangs leaves room. */
const maxWaiting = 256;
const maxGone = 4096;
const goneMs = 60_000;

/**
 * The objects of one kind that tokens are bound to: from the view, and where that has not told of one yet, by one GET
 * at the API server. However many tokens name the same incarnation, one GET is under way for it; and a UID that is gone
 * is remembered, so that old tokens cannot load the API server.
 */
export class BoundKind<Facts extends BoundFacts> {
  readonly #options: BoundKindOptions<Facts>;
  readonly #underWay = new Map<string, Promise<Facts | NotFound>>();
  #waiting = 0;
  /** UID → when it was found to be gone, oldest first. */
  readonly #gone = new Map<string, number>();

  constructor(options: BoundKindOptions<Facts>) {
    this.#options = options;
  }

  /** As the view has it; undefined when it has no such incarnation. `namespace` is empty for a node. */
  known(namespace: string, name: string, uid: string): Facts | undefined {
    const facts = this.#options.view.get(namespace, name);
    return facts?.uid === uid ? facts : undefined;
  }

  /** As the API server has it now. Never rejects for what the API server does. */
  async ask(namespace: string, name: string, uid: string): Promise<Facts | NotFound> {
    if (this.#isGone(uid)) return 'gone';
    if (this.#waiting >= maxWaiting) return 'unavailable';
    this.#waiting++;
    try {
      return await this.#askOnce(namespace, name, uid);
    } finally {
      this.#waiting--;
    }
  }

  #askOnce(namespace: string, name: string, uid: string): Promise<Facts | NotFound> {
    const key = `${namespace}/${name}/${uid}`;
    const before = this.#underWay.get(key);
    if (before !== undefined) return before;
    const asked = this.#get(namespace, name, uid).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #get(namespace: string, name: string, uid: string): Promise<Facts | NotFound> {
    const { kind, observer } = this.#options;
    const found = await this.#read(namespace, name);
    // The token is older than this GET, which reads what is committed: another incarnation, or none, is the later one.
    const answer = typeof found === 'string' || found.uid === uid ? found : 'gone';
    if (answer === 'gone') this.#remember(uid);
    observer.gotLive(kind, typeof answer === 'string' ? answer : 'found');
    return answer;
  }

  async #read(namespace: string, name: string): Promise<Facts | NotFound> {
    const { api, kind, read, timeoutMs } = this.#options;
    const folder = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    try {
      const path = `/api/v1${folder}/${kind}/${encodeURIComponent(name)}`;
      return read(await api.ask({ method: 'GET', path, timeoutMs }));
    } catch (thrown) {
      // a 404 for the path itself has no reason: some proxy's, not the API server's
      return thrown instanceof ApiError && thrown.status === 404 && thrown.reason === 'NotFound'
        ? 'gone'
        : 'unavailable';
    }
  }

  #isGone(uid: string): boolean {
    const since = this.#gone.get(uid);
    return since !== undefined && Math.abs(this.#options.clock.now() - since) < goneMs;
  }

  #remember(uid: string): void {
    this.#gone.delete(uid);
    this.#gone.set(uid, this.#options.clock.now());
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= maxGone) break;
      this.#gone.delete(oldest);
    }
  }
}
