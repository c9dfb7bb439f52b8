import type { Clock } from '#issuance/ports.ts';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { NamedObject } from '../kubernetes/proven-token.ts';
import { BriefMemory } from './brief-memory.ts';
import { isAlive, type PlacedPod, type Placement, type PodView, placementKey, readPlacedPod } from './placed-pod.ts';

export interface NodePodsOptions {
  readonly view: PodView;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** ms until one question to the API server is given up. */
  readonly timeoutMs: number;
  /** ms without a word from the watch after which the API server is asked first. */
  readonly staleAfterMs: number;
  /** ms without a word after which, the API server being away, nothing is known any more. */
  readonly serveForMs: number;
  readonly observer: { gotLive(kind: 'pods', outcome: 'found' | 'gone' | 'unavailable'): void };
  /** Runs what waits for the API server, where there is room for one more; undefined, and nothing run, where not. */
  readonly within?: <T>(wait: () => Promise<T | undefined>) => Promise<T | undefined>;
}

/** Questions to the API server at the same time, and how long its "no" and its silence count, ms. */
const maxAsking = 16;
/** Callers that wait for them: far fewer than the door has places, so that an API server that hangs leaves room. */
const maxWaiting = 256;
const noMs = 1000;
const awayMs = 1000;
const server = 'the API server';

/**
 * What runs where in one cluster: from a watch, and where that knows of nothing, by one question to the API server
 * before anybody is refused, since an agent may hear of a new pod before we do. All methods throw Refusal
 * `authn.unavailable` when it cannot be told.
 */
export class NodePods {
  readonly #options: NodePodsOptions;
  readonly #underWay = new Map<string, Promise<readonly PlacedPod[] | undefined>>();
  readonly #none: BriefMemory;
  readonly #away: BriefMemory;
  #waiting = 0;

  constructor(options: NodePodsOptions) {
    this.#options = options;
    this.#none = new BriefMemory(noMs, options.clock);
    this.#away = new BriefMemory(awayMs, options.clock);
  }

  /** This one incarnation of a pod, if it is there and has not ended. */
  async pod(namespace: string, { name, uid }: NamedObject): Promise<PlacedPod | undefined> {
    const [found] = await this.#find({
      key: `${namespace}/${name}/${uid}`,
      known: (view) => [view.get(namespace, name)].filter((pod) => pod !== undefined),
      request: { path: `${podsOf(namespace)}/${encodeURIComponent(name)}` },
      read: (object) => [readPlacedPod(object)],
      fits: (pod) => pod.uid === uid,
    });
    return found;
  }

  /** All that run there as that service account, and have not ended. */
  running(placement: Placement): Promise<readonly PlacedPod[]> {
    const { node, namespace, serviceAccount } = placement;
    const fieldSelector = `spec.nodeName=${node},spec.serviceAccountName=${serviceAccount}`;
    const key = placementKey(placement);
    return this.#find({
      key,
      known: (view) => [...view.by('placement', key)],
      request: { path: podsOf(namespace), query: { fieldSelector, limit: '500' } },
      read: readList,
      // whatever a server makes of the selector
      fits: (pod) => pod.namespace === namespace && pod.nodeName === node && pod.serviceAccountName === serviceAccount,
    });
  }

  async #find(question: Question): Promise<readonly PlacedPod[]> {
    const { view, clock, staleAfterMs, serveForMs } = this.#options;
    if (!view.synced) unavailable('the first list of pods is not there');
    const counts = (pod: PlacedPod) => question.fits(pod) && isAlive(pod, clock.now());
    // a word from the future is one from before the clock was set back: how old, nobody knows
    const silentMs = Math.abs(clock.now() - view.lastContact);
    const known = question.known(view).filter(counts);
    if (known.length > 0 && silentMs <= staleAfterMs) return known;
    const live = await this.#ask(question);
    if (live !== undefined) return live.filter(counts);
    if (known.length > 0 && silentMs <= serveForMs) return known;
    return unavailable('the pod is not in the watch, and the API server cannot be asked');
  }

  /** As the API server has it now; undefined when it cannot be asked, or too many wait for it. */
  async #ask(question: Question): Promise<readonly PlacedPod[] | undefined> {
    const { within = (wait) => wait() } = this.#options;
    if (this.#none.has(question.key)) return [];
    if (this.#away.has(server) || this.#waiting >= maxWaiting) return undefined;
    this.#waiting++;
    try {
      return await within(() => this.#askOnce(question));
    } finally {
      this.#waiting--;
    }
  }

  /** However many ask the same, it is asked once. */
  #askOnce(question: Question): Promise<readonly PlacedPod[] | undefined> {
    const { key } = question;
    const before = this.#underWay.get(key);
    if (before !== undefined) return before;
    if (this.#underWay.size >= maxAsking) return Promise.resolve(undefined);
    const asked = this.#get(question).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #get({ key, request, read, fits }: Question): Promise<readonly PlacedPod[] | undefined> {
    const { api, timeoutMs, observer } = this.#options;
    try {
      const pods = read(await api.ask({ method: 'GET', ...request, timeoutMs })).filter(fits);
      if (pods.length === 0) this.#none.add(key);
      observer.gotLive('pods', pods.length === 0 ? 'gone' : 'found');
      return pods;
    } catch (thrown) {
      // a 404 for the path itself has no reason: some proxy's, not the API server's
      const gone = thrown instanceof ApiError && thrown.status === 404 && thrown.reason === 'NotFound';
      if (gone) this.#none.add(key);
      else this.#away.add(server);
      observer.gotLive('pods', gone ? 'gone' : 'unavailable');
      return gone ? [] : undefined;
    }
  }
}

interface Question {
  /** The same for the same question. */
  readonly key: string;
  readonly known: (view: PodView) => readonly PlacedPod[];
  readonly request: Pick<ApiRequest, 'path' | 'query'>;
  /** Throws for what is no answer to it. */
  readonly read: (answer: KubernetesObject) => readonly PlacedPod[];
  readonly fits: (pod: PlacedPod) => boolean;
}

const podsOf = (namespace: string) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;

function readList({ items }: KubernetesObject): readonly PlacedPod[] {
  if (!Array.isArray(items)) throw new Error('a list of pods without items');
  return items.map((item: unknown) => readPlacedPod({ ...Object(item) }));
}

function unavailable(why: string): never {
  throw new Refusal('authn.unavailable', `node authorization: ${why}`);
}
