import { randomUUID } from 'node:crypto';
import { NodeAuthorization } from '#authn/node/node-authorization.ts';
import { NodePods } from '#authn/node/node-pods.ts';
import { type PlacedPod, type PodView, podIndexes, readPlacedPod } from '#authn/node/placed-pod.ts';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { Mirror } from '#kubernetes/mirror.ts';
import { keyOf } from '#kubernetes/object-set.ts';
import { type Caller, type CallerFacts, mintCaller } from '#policy/caller.ts';
import { istioId, parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { StoppedClock } from '#test/authn/oidc/issuer.ts';

interface Pod {
  readonly metadata: { namespace: string; name: string; uid: string; deletionTimestamp?: string };
  readonly spec: { serviceAccountName: string; nodeName: string };
  readonly status: { phase: string };
}

interface PodOver {
  readonly uid?: string;
  readonly phase?: string;
  readonly deletionTimestamp?: string;
  /** The API server has it, the watch has not told of it yet. */
  readonly untold?: boolean;
}

export const namespace = 'istio-system';
export const web = 'spiffe://cluster.local/ns/demo/sa/web';
export const domain = parseTrustDomain('cluster.local');

/** The pods of one cluster: what its API server has, and what the watch has told of it, in the very set that a reflector keeps. */
export class TestPods implements KubernetesApi, PodView {
  readonly clock: StoppedClock;
  readonly requests: ApiRequest[] = [];
  outage: (() => Promise<KubernetesObject>) | undefined;
  synced = true;
  lastContact: number;
  readonly #stored = new Map<string, Pod>();
  readonly #mirror = new Mirror<PlacedPod>({ strip: readPlacedPod, indexes: podIndexes });
  #version = 0;

  constructor(clock = new StoppedClock()) {
    this.clock = clock;
    this.lastContact = clock.now();
  }

  /** `place` as `namespace/account/name@node`. Gives its UID. */
  put(place: string, { uid = randomUUID(), phase = 'Running', deletionTimestamp, untold }: PodOver = {}): string {
    const [within = '', serviceAccountName = '', name = '', nodeName = ''] = place.split(/[/@]/);
    const key = keyOf(within, name);
    this.#stored.set(key, {
      metadata: { namespace: within, name, uid, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
      spec: { serviceAccountName, nodeName },
      status: { phase },
    });
    if (untold !== true) this.tell(within, name);
    return uid;
  }

  remove(within: string, name: string, { untold = false } = {}): void {
    this.#stored.delete(keyOf(within, name));
    if (!untold) this.tell(within, name);
  }

  tell(within: string, name: string): void {
    const pod = this.#stored.get(keyOf(within, name));
    const meta = { namespace: within, name, resourceVersion: String(++this.#version) };
    if (pod === undefined) this.#mirror.remove(meta);
    else this.#mirror.put(meta, { ...pod });
    this.lastContact = this.clock.now();
  }

  get(within: string, name: string): PlacedPod | undefined {
    return this.#mirror.objects.get(keyOf(within, name));
  }
  all(): Iterable<PlacedPod> {
    return this.#mirror.objects.all();
  }
  by(index: 'placement', value: string): PlacedPod[] {
    return this.#mirror.objects.by(index, value);
  }

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    this.requests.push(request);
    if (this.outage !== undefined) return await this.outage();
    const [, , , , within = '', , name] = request.path.split('/');
    if (name === undefined) return { kind: 'PodList', items: this.#select(within, request.query?.fieldSelector ?? '') };
    const pod = this.#stored.get(keyOf(within, name));
    if (pod === undefined) throw new ApiError('404 NotFound', { status: 404, reason: 'NotFound' });
    return { ...pod };
  }

  #select(within: string, fieldSelector: string): Pod[] {
    const wanted = Object.fromEntries(fieldSelector.split(',').map((each) => each.split('=')));
    return [...this.#stored.values()].filter(
      ({ metadata, spec }) =>
        metadata.namespace === within &&
        spec.nodeName === wanted['spec.nodeName'] &&
        spec.serviceAccountName === wanted['spec.serviceAccountName'],
    );
  }

  lines(): AsyncIterable<KubernetesObject> {
    throw new Error('nobody watches here');
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const away = () => Promise.reject(new ApiError('connect ECONNREFUSED', { status: 0 }));

/** What was counted of questions to the API server. */
export const counted: string[] = [];

export function nodePods(pods: TestPods): NodePods {
  return new NodePods({
    view: pods,
    api: pods,
    clock: pods.clock,
    timeoutMs: 4000,
    staleAfterMs: 60_000,
    serveForMs: 600_000,
    observer: { gotLive: (kind, outcome) => counted.push(`${kind} ${outcome}`) },
  });
}

/** ztunnel on node-a and node-b, `demo/web` on node-a alone; and who may ask for whom there. */
export class Mesh {
  readonly pods = new TestPods();
  readonly ztunnel = this.pods.put('istio-system/ztunnel/ztunnel-a@node-a');
  readonly other = this.pods.put('istio-system/ztunnel/ztunnel-b@node-b');
  readonly webUid = this.pods.put('demo/web/web-1@node-a');
  readonly #clusters = new Map([['Kubernetes', nodePods(this.pods)]]);

  add(cluster: string): TestPods {
    const pods = new TestPods(this.pods.clock);
    this.#clusters.set(cluster, nodePods(pods));
    return pods;
  }

  authorization(trusted: readonly string[] = ['istio-system/ztunnel'], aliases: readonly string[] = []) {
    return new NodeAuthorization({
      trusted: new TrustedAccounts(trusted),
      trustDomains: [domain, ...aliases.map(parseTrustDomain)],
      podsOf: (cluster) => this.#clusters.get(cluster),
    });
  }

  /** ztunnel of node-a, unless told. */
  caller(over: Partial<CallerFacts> = {}): Caller {
    const { serviceAccount = 'ztunnel' } = over;
    return mintCaller({
      identity: istioId(domain, namespace, serviceAccount),
      authenticator: 'k8s-token',
      credential: { issuer: 'https://kubernetes.default.svc', jti: 'one' },
      cluster: 'Kubernetes',
      namespace,
      serviceAccount,
      serviceAccountUid: 'account-uid',
      pod: { name: 'ztunnel-a', uid: this.ztunnel },
      ...over,
    });
  }

  /** The identity that is given, or the refusal as `code: sentence`. */
  async ask(wanted = web, caller = this.caller(), authorization = this.authorization()): Promise<string> {
    try {
      return (await authorization.authorize(caller, wanted)).identity;
    } catch (thrown) {
      return thrown instanceof Error && 'code' in thrown ? `${thrown.code}: ${thrown.message}` : String(thrown);
    }
  }
}
