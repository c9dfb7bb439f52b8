import type { KubernetesObject } from '#kubernetes/api.ts';

/** One end of a watch. */
export interface Sink {
  line(object: KubernetesObject): void;
  end(): void;
}

export interface Thing {
  readonly name: string;
  readonly namespace: string;
  readonly value: number;
  readonly version: string;
}

interface Past {
  readonly version: number;
  readonly event: KubernetesObject;
}

/** What an API server does with one collection: versions, pages, watches, a past that is forgotten. */
export class ClusterModel {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #pages = new Map<string, { readonly items: KubernetesObject[]; readonly version: number }>();
  readonly watches = new Set<Sink>();
  #past: Past[] = [];
  #version = 100;
  #oldest = 100;
  /** As servers before 1.27 do: `unknown` takes no notice of sendInitialEvents, `refused` answers 422. */
  streaming: 'yes' | 'refused' | 'unknown' = 'yes';

  get version(): number {
    return this.#version;
  }

  put(namespace: string, name: string, value = 0): void {
    const key = `${namespace}/${name}`;
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#version += 1;
    const metadata = { namespace, name, resourceVersion: String(this.#version) };
    const object = { kind: 'Thing', metadata, value, bulk: 'left out on receipt' };
    this.#objects.set(key, object);
    this.#tell({ type, object });
  }

  remove(namespace: string, name: string): void {
    const object = this.#objects.get(`${namespace}/${name}`);
    if (object === undefined) return;
    this.#version += 1;
    this.#objects.delete(`${namespace}/${name}`);
    const metadata = { namespace, name, resourceVersion: String(this.#version) };
    this.#tell({ type: 'DELETED', object: { ...object, metadata } });
  }

  /** Something changed in another collection. */
  elsewhere(): void {
    this.#version += 1;
  }

  bookmark(): void {
    for (const watch of this.watches) watch.line(bookmarkAt(this.#version));
  }

  /** Forgets what was; a watch from before is answered 410, as are pages of a list. */
  compact(): void {
    this.#past = [];
    this.#oldest = this.#version;
    this.#pages.clear();
  }

  /** Ends all watches, cleanly. */
  endWatches(): void {
    for (const watch of [...this.watches]) watch.end();
  }

  things(): Thing[] {
    return [...this.#objects.values()].map(stripThing).toSorted(byKey);
  }

  /** An answer to a list: its status and JSON. */
  list(query: URLSearchParams): { readonly status: number; readonly body: KubernetesObject } {
    const token = query.get('continue');
    const whole =
      token === null ? { items: [...this.#objects.values()], version: this.#version } : this.#pages.get(token);
    if (whole === undefined) return { status: 410, body: expired };
    const limit = Number(query.get('limit') ?? 500);
    const rest = { items: whole.items.slice(limit), version: whole.version };
    const next = `${whole.version}-${rest.items.length}`;
    if (rest.items.length > 0) this.#pages.set(next, rest);
    const metadata = { resourceVersion: String(whole.version), ...(rest.items.length > 0 && { continue: next }) };
    return { status: 200, body: { kind: 'ThingList', metadata, items: whole.items.slice(0, limit) } };
  }

  /** Undefined, or the answer where there is no watch to be had. */
  watch(query: URLSearchParams, sink: Sink): { readonly status: number; readonly body: KubernetesObject } | undefined {
    const initial = query.has('sendInitialEvents');
    if (initial && this.streaming === 'refused')
      return { status: 422, body: { reason: 'Invalid', message: 'forbidden' } };
    const from = Number(query.get('resourceVersion') ?? this.#version);
    if (from < this.#oldest) {
      sink.line({ type: 'ERROR', object: expired });
      sink.end();
      return undefined;
    }
    if (initial) for (const object of this.#objects.values()) sink.line({ type: 'ADDED', object });
    if (initial && this.streaming === 'yes') sink.line(bookmarkAt(this.#version, true));
    for (const { version, event } of this.#past) if (version > from) sink.line(event);
    this.watches.add(sink);
    if (query.get('timeoutSeconds') === '1') sink.end();
    return undefined;
  }

  #tell(event: KubernetesObject): void {
    this.#past.push({ version: this.#version, event });
    for (const watch of this.watches) watch.line(event);
  }
}

/** What a view keeps of an object here. */
export function stripThing(object: KubernetesObject): Thing {
  const { metadata, value } = object;
  const { name, namespace, resourceVersion } = Object(metadata);
  return { name: String(name), namespace: String(namespace), value: Number(value), version: String(resourceVersion) };
}

export const byKey = (a: Thing, b: Thing) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`);

const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };

function bookmarkAt(version: number, end = false): KubernetesObject {
  const annotations = end ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return {
    type: 'BOOKMARK',
    object: { kind: 'Thing', metadata: { resourceVersion: String(version), ...annotations } },
  };
}
