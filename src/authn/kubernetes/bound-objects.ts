import type { Clock } from '#issuance/ports.ts';
import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import { BoundKind, type NotFound } from './bound-kind.ts';
import { type BoundFacts, type BoundViews, type PodFacts, readBound } from './object-facts.ts';
import type { TokenObserver } from './observer.ts';
import type { NamedObject } from './proven-token.ts';
import type { TokenClaims } from './token-claims.ts';

export interface BoundObjectsOptions<Pod extends PodFacts> {
  readonly views: BoundViews<Pod>;
  /** As the view of pods reads them. */
  readonly readPod: (object: KubernetesObject) => Pod;
  /** Throws Refusal `authn.failed` about what named the objects. */
  readonly refuse: (why: string) => never;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly observer: TokenObserver;
}

/** An object counts this long beyond the end of its grace period (contract §5.2 item 4), ms. */
const leewayMs = 60_000;

/** Whether what a token is bound to, or an object names, is still there: account, pod and node, each by its UID. */
export class BoundObjects<Pod extends PodFacts = PodFacts> {
  readonly #views: BoundViews<Pod>;
  readonly #refuse: (why: string) => never;
  readonly #clock: Clock;
  readonly #accounts: BoundKind<BoundFacts>;
  readonly #pods: BoundKind<Pod>;
  readonly #nodes: BoundKind<BoundFacts>;

  constructor({ views, readPod, refuse, ...options }: BoundObjectsOptions<Pod>) {
    this.#views = views;
    this.#refuse = refuse;
    this.#clock = options.clock;
    const { pods, serviceaccounts, nodes } = views;
    this.#accounts = new BoundKind({ ...options, kind: 'serviceaccounts', view: serviceaccounts, read: readBound });
    this.#pods = new BoundKind({ ...options, kind: 'pods', view: pods, read: readPod });
    this.#nodes = new BoundKind({ ...options, kind: 'nodes', view: nodes, read: readBound });
  }

  /** ms since the view that has been silent longest was told something; Infinity until all of them are whole. */
  get silentMs(): number {
    const { pods, serviceaccounts, nodes } = this.#views;
    if (!pods.synced || !serviceaccounts.synced || !nodes.synced) return Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    // a word from the future is one from before the clock was set back: how old, nobody knows
    const silent = [pods, serviceaccounts, nodes].map(({ lastContact }) => Math.abs(now - lastContact));
    return Math.max(...silent);
  }

  /**
   * True when all are there; false when that cannot be told: an object is not in its view, and the API server is away
   * or not to be asked. Throws Refusal `authn.failed` when one is gone.
   */
  async stand(
    { namespace, serviceAccount, pod, node }: Pick<TokenClaims, 'namespace' | 'serviceAccount' | 'pod' | 'node'>,
    beyondViews: 'ask' | 'leave',
    checkPod: (pod: Pod) => void = () => undefined,
  ): Promise<boolean> {
    const find = <Facts extends BoundFacts>(kind: BoundKind<Facts>, within: string, { name, uid }: NamedObject) =>
      kind.known(within, name, uid) ?? (beyondViews === 'ask' ? kind.ask(within, name, uid) : 'unavailable');
    const itsAccount = await find(this.#accounts, namespace, serviceAccount);
    if (!this.#counts('service account', itsAccount)) return false;
    if (pod === undefined) return true;
    const itsPod = await find(this.#pods, namespace, pod);
    if (!this.#counts('pod', itsPod)) return false;
    this.#checkPod(itsPod, serviceAccount.name);
    checkPod(itsPod);
    return node === undefined || this.#counts('node', await find(this.#nodes, '', node));
  }

  #counts<Facts extends BoundFacts>(what: string, found: Facts | NotFound): found is Facts {
    if (found === 'unavailable') return false;
    if (found === 'gone') this.#refuse(`its ${what} is gone`);
    if (found.deletedAt !== undefined && found.deletedAt + leewayMs < this.#clock.now()) {
      this.#refuse(`its ${what} was deleted`);
    }
    return true;
  }

  /** What the API server does not look at: a pod that is over needs no certificate. */
  #checkPod({ serviceAccountName, phase }: PodFacts, account: string): void {
    if (serviceAccountName !== account) this.#refuse('its pod runs as another service account');
    if (phase === 'Succeeded' || phase === 'Failed') this.#refuse('its pod has ended');
  }
}
