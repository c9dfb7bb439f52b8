import { randomUUID, verify } from 'node:crypto';
import type { BoundFacts, BoundViews, PodFacts } from '#authn/kubernetes/object-facts.ts';
import { readBound, readPod } from '#authn/kubernetes/object-facts.ts';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { View } from '#kubernetes/view.ts';
import { type IssuerKey, jwks, makeKey, type StoppedClock, tokenOf } from '#test/authn/oidc/issuer.ts';

/** A view that is told what a test says, when it says so. */
export class TestView<T> implements View<T> {
  readonly #objects = new Map<string, T>();
  readonly #clock: StoppedClock;
  synced = true;
  lastContact: number;

  constructor(clock: StoppedClock) {
    this.#clock = clock;
    this.lastContact = clock.now();
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }
  all(): Iterable<T> {
    return this.#objects.values();
  }
  put(namespace: string, name: string, object: T): void {
    this.#objects.set(`${namespace}/${name}`, object);
    this.lastContact = this.#clock.now();
  }
  drop(namespace: string, name: string): void {
    this.#objects.delete(`${namespace}/${name}`);
    this.lastContact = this.#clock.now();
  }
}

type Kind = keyof BoundViews;
interface Stored {
  readonly metadata: { readonly name: string; readonly uid: string; deletionTimestamp?: string };
  readonly spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

const never = (signal: AbortSignal | undefined, timeoutMs = 10_000): Promise<never> =>
  new Promise((_, reject) => {
    const late = () => reject(new ApiError('no answer in time', { status: 0 }));
    const timer = setTimeout(late, timeoutMs);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      late();
    });
  });

/**
 * A cluster without processes: tokens, objects, and an API server that judges tokens by the rules of the contract
 * (kubernetes.md §5.2), written apart from what it is to be compared with. It can be away, hang, or talk nonsense.
 */
export class ScriptedCluster implements KubernetesApi {
  readonly clock: StoppedClock;
  readonly issuer = 'https://kubernetes.default.svc.cluster.local';
  readonly requests: ApiRequest[] = [];
  /** Keys that tokens are taken from; those that are published may be fewer. */
  keys: readonly IssuerKey[];
  published: readonly IssuerKey[];
  views: BoundViews & { readonly [K in Kind]: TestView<BoundViews[K] extends View<infer T> ? T : never> };
  fault: ((request: ApiRequest) => Promise<KubernetesObject>) | undefined;
  /** Laid over the status of a TokenReview. */
  over: ((status: KubernetesObject) => unknown) | undefined;
  readonly #objects = new Map<string, Stored>();

  constructor(clock: StoppedClock, key: IssuerKey = makeKey('first', 'ES256')) {
    this.clock = clock;
    this.keys = [key];
    this.published = this.keys;
    this.views = {
      pods: new TestView<PodFacts>(clock),
      serviceaccounts: new TestView<BoundFacts>(clock),
      nodes: new TestView<BoundFacts>(clock),
    };
    this.put('serviceaccounts', 'demo', 'web');
    this.put('nodes', '', 'node-a');
    this.put('pods', 'demo', 'web-1', { spec: { serviceAccountName: 'web', nodeName: 'node-a' } });
  }

  readonly away = () => Promise.reject(new ApiError('connect ECONNREFUSED', { status: 0 }));
  readonly hang = ({ signal, timeoutMs }: ApiRequest) => never(signal, timeoutMs);

  /** Creates an object, which the watch tells at once unless `untold`. Gives its UID. */
  put(kind: Kind, namespace: string, name: string, over: Partial<Stored> & { untold?: boolean } = {}): string {
    const uid = randomUUID();
    const { untold, ...rest } = over;
    this.#objects.set(`${kind}/${namespace}/${name}`, { metadata: { name, uid }, status: {}, ...rest });
    if (untold !== true) this.tell(kind, namespace, name);
    return uid;
  }

  /** Changes what is there; the watch tells it. */
  change(kind: Kind, namespace: string, name: string, change: (object: Stored) => void): void {
    change(this.object(kind, namespace, name));
    this.tell(kind, namespace, name);
  }

  remove(kind: Kind, namespace: string, name: string, { untold = false } = {}): void {
    this.#objects.delete(`${kind}/${namespace}/${name}`);
    if (!untold) this.tell(kind, namespace, name);
  }

  object(kind: Kind, namespace: string, name: string): Stored {
    const object = this.#objects.get(`${kind}/${namespace}/${name}`);
    if (object === undefined) throw new Error(`no ${kind} ${namespace}/${name}`);
    return object;
  }

  uid(kind: Kind, namespace: string, name: string): string {
    return this.object(kind, namespace, name).metadata.uid;
  }

  tell(kind: Kind, namespace: string, name: string): void {
    const object = this.#objects.get(`${kind}/${namespace}/${name}`);
    if (object === undefined) this.views[kind].drop(namespace, name);
    else if (kind === 'pods') this.views.pods.put(namespace, name, readPod({ ...object }));
    else this.views[kind].put(namespace, name, readBound({ ...object }));
  }

  /** The watch has been heard of now. */
  bookmark(): void {
    for (const view of Object.values(this.views)) view.lastContact = this.clock.now();
  }

  claims(over: object = {}, kubernetes: object = {}): object {
    return {
      iss: this.issuer,
      aud: ['istio-ca'],
      sub: 'system:serviceaccount:demo:web',
      iat: this.clock.seconds - 10,
      nbf: this.clock.seconds - 10,
      exp: this.clock.seconds + 3600,
      jti: '0c6f1f43-9c1a-4a7b-8f0e-1d2c3b4a5e6f',
      'kubernetes.io': {
        namespace: 'demo',
        serviceaccount: { name: 'web', uid: this.uid('serviceaccounts', 'demo', 'web') },
        pod: { name: 'web-1', uid: this.uid('pods', 'demo', 'web-1') },
        node: { name: 'node-a', uid: this.uid('nodes', '', 'node-a') },
        ...kubernetes,
      },
      ...over,
    };
  }

  sign(claims: object, key = this.keys[0], header: object = {}): string {
    if (key === undefined) throw new Error('no key');
    return tokenOf({ alg: key.alg, kid: key.kid, ...header }, claims, key);
  }

  token(over: object = {}, kubernetes: object = {}): string {
    return this.sign(this.claims(over, kubernetes));
  }

  asked(pathPart: string): number {
    return this.requests.filter(({ path }) => path.includes(pathPart)).length;
  }

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    this.requests.push(request);
    if (this.fault !== undefined) return await this.fault(request);
    return this.answer(request);
  }

  answer({ path, body, accept }: ApiRequest): KubernetesObject {
    const isKeys = path === '/openid/v1/jwks';
    if ((accept ?? 'application/json') !== (isKeys ? 'application/jwk-set+json' : 'application/json')) {
      throw new ApiError('Not Acceptable', { status: 406 });
    }
    if (isKeys) return JSON.parse(jwks(this.published));
    if (path === '/.well-known/openid-configuration') return { issuer: this.issuer, jwks_uri: 'https://elsewhere/' };
    if (path === '/apis/authentication.k8s.io/v1/tokenreviews') return this.#review(body);
    const [, namespace = '', kind = '', name = ''] =
      /^\/api\/v1(?:\/namespaces\/([^/]+))?\/(pods|serviceaccounts|nodes)\/([^/]+)$/.exec(path) ?? [];
    const object = this.#objects.get(`${kind}/${namespace}/${name}`);
    if (object === undefined) throw new ApiError(`${kind} "${name}" not found`, { status: 404, reason: 'NotFound' });
    return { ...object };
  }

  async *lines(): AsyncIterable<KubernetesObject> {}
  async close(): Promise<void> {}

  #review(body: KubernetesObject | undefined): KubernetesObject {
    const spec = at(body, 'spec');
    const token = at(spec, 'token');
    const audiences = at(spec, 'audiences');
    if (typeof token !== 'string' || !Array.isArray(audiences)) throw new ApiError('bad review', { status: 422 });
    const status = this.#judge(token, audiences);
    const given = this.over === undefined ? status : this.over(status);
    return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: {}, status: given };
  }

  #judge(token: string, wanted: readonly unknown[]): KubernetesObject {
    try {
      return this.#accept(token, wanted);
    } catch (error) {
      return { user: {}, error: `[invalid bearer token, ${String(error)}]` };
    }
  }

  #accept(token: string, wanted: readonly unknown[]): KubernetesObject {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString());
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    demand(at(claims, 'iss') === this.issuer, 'issuer');
    const kid = at(header, 'kid');
    const signed = this.keys.some((key) => {
      if ((kid !== undefined && kid !== key.kid) || at(header, 'alg') !== key.alg) return false;
      const data = Buffer.from(`${head}.${payload}`);
      return verify(
        'sha256',
        data,
        { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    });
    demand(signed, 'signature');
    const aud = at(claims, 'aud');
    const given = (typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []).filter((each) =>
      wanted.includes(each),
    );
    demand(given.length > 0, 'audience');
    const now = this.clock.time / 1000;
    demand(!(now - 60 > time(at(claims, 'exp'), Number.POSITIVE_INFINITY)), 'exp');
    demand(!(now + 60 < time(at(claims, 'nbf'), 0)), 'nbf');
    demand(!(now + 60 < time(at(claims, 'iat'), 0)), 'iat');
    const k8s = at(claims, 'kubernetes.io');
    const namespace = at(k8s, 'namespace') ?? '';
    if (typeof namespace !== 'string') throw new Error('type');
    const [account, pod, node, secret] = ['serviceaccount', 'pod', 'node', 'secret'].map(
      (each) => at(k8s, each) ?? undefined,
    );
    for (const text of ['sub', 'jti', 'iss'].map((name) => at(claims, name) ?? ''))
      demand(typeof text === 'string', 'type');
    for (const each of [account, pod, node, secret]) demand(each === undefined || isReference(each), 'type');
    this.#demandObject('serviceaccounts', namespace, account);
    demand(secret === undefined, 'secret');
    if (pod !== undefined) this.#demandObject('pods', namespace, pod);
    else if (node !== undefined) this.#demandObject('nodes', '', node);
    const key = (name: string) => `authentication.kubernetes.io/${name}`;
    return {
      authenticated: true,
      audiences: given,
      user: {
        username: `system:serviceaccount:${namespace}:${at(account, 'name')}`,
        uid: at(account, 'uid'),
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        extra: {
          [key('credential-id')]: [`JTI=${at(claims, 'jti')}`],
          ...(pod !== undefined && { [key('pod-name')]: [at(pod, 'name')], [key('pod-uid')]: [at(pod, 'uid')] }),
          ...(Boolean(at(node, 'name')) && { [key('node-name')]: [at(node, 'name')] }),
          ...(Boolean(at(node, 'name') && at(node, 'uid')) && { [key('node-uid')]: [at(node, 'uid')] }),
        },
      },
    };
  }

  #demandObject(kind: Kind, namespace: string, claim: unknown): void {
    const object = this.#objects.get(`${kind}/${namespace}/${at(claim, 'name')}`);
    demand(object !== undefined && object.metadata.uid === at(claim, 'uid'), `${kind} uid`);
    const deleted = object?.metadata.deletionTimestamp;
    demand(deleted === undefined || Date.parse(deleted) >= this.clock.time - 60_000, `${kind} deleted`);
  }
}

function at(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, member)?.value
    : undefined;
}

/** As Go reads a reference into a struct of texts. */
function isReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return ['name', 'uid'].every((member) => ['string', 'undefined'].includes(typeof at(value, member)));
}

function time(value: unknown, absent: number): number {
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'number') throw new Error('time');
  return value;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
