import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';

/** A change as a watch tells it. */
interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly path: string;
  readonly object: KubernetesObject;
}

interface Watcher {
  readonly fits: (event: Event) => boolean;
  readonly pending: Event[];
  wake: () => void;
}

/** An API server's objects in memory: versions, conflicts, watches, selectors by name and by one label. */
export class FakeCluster implements KubernetesApi {
  /** By path of the object. */
  readonly objects = new Map<string, KubernetesObject>();
  readonly asked: ApiRequest[] = [];
  /** Looked at before every call: what it throws is the answer. */
  fault: (request: ApiRequest) => void = () => {};
  served: readonly string[] = ['v1beta1'];
  readonly #watchers = new Set<Watcher>();
  #version = 1;

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    this.asked.push(request);
    await Promise.resolve();
    if (request.signal?.aborted) throw new ApiError('cancelled', { status: 0 });
    this.fault(request);
    const { method, path, body } = request;
    const discovered = /^\/apis\/certificates\.k8s\.io\/([^/]+)$/.exec(path)?.[1];
    if (discovered !== undefined) return this.#resources(discovered);
    if (method === 'GET' && isCollection(path)) return this.#list(request);
    if (method === 'GET') return this.#need(path);
    if (method === 'POST' && body !== undefined) return this.#create(path, body);
    if (method === 'PUT' && body !== undefined) return this.#update(path, body);
    throw new ApiError(`${method} is not for this client`, { status: 405 });
  }

  async *lines(request: ApiRequest): AsyncGenerator<KubernetesObject> {
    this.asked.push(request);
    this.fault(request);
    const fits = fitting(request);
    const watcher: Watcher = { fits, pending: [], wake: () => {} };
    this.#watchers.add(watcher);
    try {
      if (request.query?.sendInitialEvents === 'true') {
        for (const [path, object] of this.objects)
          if (fits({ type: 'ADDED', path, object })) yield { type: 'ADDED', object };
        const annotations = { 'k8s.io/initial-events-end': 'true' };
        yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version), annotations } } };
      }
      while (!request.signal?.aborted) {
        for (const { type, object } of watcher.pending.splice(0)) yield { type, object };
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
          request.signal?.addEventListener('abort', () => resolve(), { once: true });
          if (watcher.pending.length > 0) resolve();
        });
      }
      throw new ApiError('cancelled', { status: 0 });
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async close(): Promise<void> {}

  /** As somebody else would: no conflict, no fault. */
  put(path: string, object: KubernetesObject): void {
    this.#store(path, {
      ...object,
      metadata: { name: decodeURIComponent(path.split('/').at(-1) ?? ''), ...Object(object.metadata) },
    });
  }

  remove(path: string): void {
    const object = this.objects.get(path);
    if (object === undefined) throw new Error(`there is no ${path}`);
    this.objects.delete(path);
    this.#version += 1;
    this.#tell({ type: 'DELETED', path, object: withVersion(object, this.#version) });
  }

  namespace(name: string, labels: Readonly<Record<string, string>> = {}, phase = 'Active'): void {
    this.put(`/api/v1/namespaces/${name}`, { metadata: { name, labels }, status: { phase } });
  }

  get writes(): ApiRequest[] {
    return this.asked.filter(({ method, path }) => method !== 'GET' && !path.includes('/leases'));
  }

  #resources(version: string): KubernetesObject {
    if (!this.served.includes(version)) throw notFound(version);
    return { resources: [{ name: 'certificatesigningrequests' }, { name: 'clustertrustbundles' }] };
  }

  #list(request: ApiRequest): KubernetesObject {
    const fits = fitting(request);
    const items = [...this.objects].filter(([path, object]) => fits({ type: 'ADDED', path, object }));
    return { items: items.map(([, object]) => object), metadata: { resourceVersion: String(this.#version) } };
  }

  #need(path: string): KubernetesObject {
    const object = this.objects.get(path);
    if (object === undefined) throw notFound(path);
    return object;
  }

  #create(collection: string, body: KubernetesObject): KubernetesObject {
    const path = `${collection}/${encodeURIComponent(String(Object(body.metadata).name))}`;
    const namespace = /^\/api\/v1\/namespaces\/([^/]+)\//.exec(path)?.[1];
    if (namespace !== undefined) this.#admit(namespace);
    if (this.objects.has(path)) throw new ApiError('exists', { status: 409, reason: 'AlreadyExists' });
    return this.#store(path, body);
  }

  #admit(namespace: string): void {
    const { status } = this.#need(`/api/v1/namespaces/${namespace}`);
    if (Object(status).phase !== 'Terminating') return;
    const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new ApiError(message, { status: 403, reason: 'Forbidden' });
  }

  #update(path: string, body: KubernetesObject): KubernetesObject {
    const live = this.#need(path);
    const { resourceVersion } = Object(body.metadata);
    if (resourceVersion !== undefined && resourceVersion !== Object(live.metadata).resourceVersion)
      throw new ApiError('the object has been modified', { status: 409, reason: 'Conflict' });
    return this.#store(path, body);
  }

  #store(path: string, object: KubernetesObject): KubernetesObject {
    const type = this.objects.has(path) ? 'MODIFIED' : 'ADDED';
    this.#version += 1;
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    const stored = withVersion(object, this.#version, namespace);
    this.objects.set(path, stored);
    this.#tell({ type, path, object: stored });
    return stored;
  }

  #tell(event: Event): void {
    for (const watcher of this.#watchers) {
      if (!watcher.fits(event)) continue;
      watcher.pending.push(event);
      watcher.wake();
    }
  }
}

const notFound = (what: string) => new ApiError(`${what} not found`, { status: 404, reason: 'NotFound' });

function withVersion(object: KubernetesObject, version: number, namespace?: string): KubernetesObject {
  const metadata = {
    ...Object(object.metadata),
    resourceVersion: String(version),
    ...(namespace !== undefined && { namespace }),
  };
  return { ...structuredClone(object), metadata };
}

const isCollection = (path: string) => /\/(namespaces|configmaps|secrets|clustertrustbundles)$/.test(path);

/** Whether an event is of the collection asked for: of one namespace, or of all; `a=b` is the one selector it knows. */
function fitting({ path: collection, query = {} }: ApiRequest): (event: Event) => boolean {
  const kind = collection.split('/').at(-1) ?? '';
  const [, group = ''] = /^(.*?)(\/namespaces\/[^/]+)?\/[^/]+$/.exec(collection) ?? [];
  const wantedName = /^metadata\.name=(.*)$/.exec(query.fieldSelector ?? '')?.[1];
  const [label, value] = (query.labelSelector ?? '').split('=');
  return ({ path, object }) => {
    const parts = path.split('/');
    if (!path.startsWith(group) || parts.at(-2) !== kind) return false;
    if (collection.includes('/namespaces/') && !path.startsWith(`${collection}/`)) return false;
    const { name, labels } = Object(object.metadata);
    if (wantedName !== undefined && name !== wantedName) return false;
    return label === undefined || label === '' || Object(labels)[label] === value;
  };
}
