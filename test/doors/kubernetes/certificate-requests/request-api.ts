import { randomUUID } from 'node:crypto';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { at } from '#test/support/control-plane/client.ts';
import { applied, type Owned } from './applied.ts';

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly path: string;
  readonly version: number;
  readonly object: KubernetesObject;
}

/** Kinds of requests, by the group that has them. */
const served: Readonly<Record<string, string>> = {
  '/apis/cert-manager.io/v1': 'certificaterequests',
  '/apis/certificates.k8s.io/v1': 'certificatesigningrequests',
};

/** An API server in memory with requests of two kinds and our issuers, as little of one as their doors need. */
export class RequestApi implements KubernetesApi {
  readonly asked: ApiRequest[] = [];
  /** Looked at before every call: what it throws is the answer, and it may take its time. */
  fault: (request: ApiRequest) => void | Promise<void> = () => {};
  /** Looked at once a write is stored: what it throws is heard in place of the answer. */
  lost: (request: ApiRequest) => void = () => {};
  /** Whether the definition of the requests has fields to select by. */
  selects = true;
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #owned = new Map<string, Owned>();
  readonly #past: Event[] = [];
  #version = 1;
  #woken = Promise.withResolvers<void>();
  #isHeld = (_: string) => false;

  /** Calls under way. */
  busy = 0;

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    if (request.signal?.aborted) throw new ApiError('cancelled', { status: 0 });
    this.asked.push(request);
    this.busy += 1;
    try {
      await this.fault(request);
      return this.#answer(request);
    } finally {
      this.busy -= 1;
    }
  }

  #answer(request: ApiRequest): KubernetesObject {
    const { method, path, body = {} } = request;
    if (method === 'POST') return body;
    if (method === 'PATCH') return this.#patch(request);
    const plural = served[path];
    if (plural !== undefined) return { resources: [{ name: plural }] };
    if (!/\/(issuers|clusterissuers|certificaterequests|certificatesigningrequests)$/.test(path))
      return this.object(path);
    if (!this.selects && request.query?.fieldSelector !== undefined) throw status(400, 'BadRequest');
    const items = [...this.#objects]
      .filter(([each, object]) => isIn(request, each, object))
      .map(([, object]) => object);
    return { items, metadata: { resourceVersion: String(this.#version) } };
  }

  async *lines(request: ApiRequest): AsyncGenerator<KubernetesObject> {
    this.asked.push(request);
    await this.fault(request);
    const { query = {}, signal } = request;
    let seen = this.#past.findLastIndex(({ version }) => version <= Number(query.resourceVersion)) + 1;
    if (query.sendInitialEvents === 'true') {
      seen = this.#past.length;
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      const end = { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version), annotations } } };
      const there = [...this.#objects].filter(([path, object]) => isIn(request, path, object));
      yield* [...there.map(([, object]) => ({ type: 'ADDED', object })), end];
    }
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
    while (signal?.aborted !== true) {
      const woken = this.#woken.promise;
      for (; !this.#isHeld(request.path) && seen < this.#past.length; seen++) {
        const event = this.#past[seen];
        if (event !== undefined && isIn(request, event.path, event.object))
          yield { type: event.type, object: event.object };
      }
      // a second, short look beside a watch that is quiet
      if (query.timeoutSeconds === '1') return;
      await Promise.race([woken, aborted]);
    }
    throw new ApiError('cancelled', { status: 0 });
  }

  async close(): Promise<void> {}

  /** Throws where it is not there. */
  object(path: string): KubernetesObject {
    const object = this.#objects.get(path);
    if (object === undefined) throw status(404, 'NotFound');
    return object;
  }

  /** As somebody else would, with a new UID where it was not there. */
  put(path: string, object: KubernetesObject): KubernetesObject {
    const [name, , namespace] = path.split('/').toReversed();
    const before = this.#objects.get(path);
    const metadata = { name, ...(path.includes('/namespaces/') && { namespace }), ...Object(object.metadata) };
    const uid = at(before, 'metadata', 'uid') ?? randomUUID();
    return this.#store(before === undefined ? 'ADDED' : 'MODIFIED', path, {
      ...object,
      metadata: { uid, ...metadata },
    });
  }

  remove(path: string): void {
    const object = this.object(path);
    this.#objects.delete(path);
    this.#owned.delete(path);
    this.#tell('DELETED', path, object);
  }

  /** Watches, or those of one kind, tell nothing until the function that comes back is called. */
  hold(plural = ''): () => void {
    this.#isHeld = (path) => path.endsWith(plural);
    return () => {
      this.#isHeld = () => false;
      this.#wake();
    };
  }

  /** Paths of what is or was below a collection, each with all its versions. A name that is used again is another life. */
  livesIn(collection: string): [string, KubernetesObject[]][] {
    const there = this.#past.filter(({ path, type }) => path.startsWith(`${collection}/`) && type !== 'DELETED');
    const lives = Map.groupBy(there, ({ path, object }) => `${path} ${String(at(object, 'metadata', 'uid'))}`);
    return [...lives].map(([key, events]) => [key.slice(0, key.indexOf(' ')), events.map(({ object }) => object)]);
  }

  get writes(): ApiRequest[] {
    return this.asked.filter(({ method }) => method === 'PATCH');
  }

  get events(): KubernetesObject[] {
    return this.asked.filter(({ method }) => method === 'POST').map(({ body = {} }) => body);
  }

  #patch(request: ApiRequest): KubernetesObject {
    const path = request.path.replace(/\/(status|approval)$/, '');
    const { metadata, status: wanted } = request.body ?? {};
    const live = this.object(path);
    // as the real one: the UID of an apply counts for nothing
    const expected = at(metadata, 'resourceVersion');
    if (expected !== undefined && expected !== at(live, 'metadata', 'resourceVersion')) throw status(409, 'Conflict');
    if (request.contentType === 'application/merge-patch+json') {
      const merged = this.#store('MODIFIED', path, { ...live, status: { ...Object(live.status), ...Object(wanted) } });
      this.lost(request);
      return merged;
    }
    const next = applied(live.status, Object(wanted), this.#owned.get(path));
    this.#owned.set(path, next.owned);
    const stored = this.#store('MODIFIED', path, { ...live, status: next.status });
    this.lost(request);
    return stored;
  }

  #store(type: Event['type'], path: string, object: KubernetesObject): KubernetesObject {
    const metadata = { ...Object(object.metadata), resourceVersion: String(this.#version + 1) };
    const stored = { ...structuredClone(object), metadata };
    this.#objects.set(path, stored);
    this.#tell(type, path, stored);
    return stored;
  }

  #tell(type: Event['type'], path: string, object: KubernetesObject): void {
    this.#version += 1;
    const metadata = { ...Object(object.metadata), resourceVersion: String(this.#version) };
    this.#past.push({ type, path, version: this.#version, object: { ...object, metadata } });
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#woken;
    this.#woken = Promise.withResolvers();
    resolve();
  }
}

const status = (code: number, reason: string) => new ApiError(`${code} ${reason}`, { status: code, reason });

/** Whether an object is of the kind that is asked for in all namespaces, and of the group that is selected. */
function isIn({ path: collection, query = {} }: ApiRequest, path: string, object: KubernetesObject): boolean {
  const group = /^spec\.issuerRef\.group=(.*)$/.exec(query.fieldSelector ?? '')?.[1];
  const [kind, ...over] = collection.split('/').toReversed();
  return (
    path.startsWith(`${over.toReversed().join('/')}/`) &&
    path.split('/').at(-2) === kind &&
    (group === undefined || at(object, 'spec', 'issuerRef', 'group') === group)
  );
}
