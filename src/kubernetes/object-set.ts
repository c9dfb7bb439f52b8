/** What of an object's metadata a view is kept by. */
export interface Meta {
  readonly namespace: string;
  readonly name: string;
  /** Opaque: compared for equality alone. */
  readonly resourceVersion: string;
}

/** The value of an object that it is looked up by, or undefined where it is not to be found so. */
export type IndexBy<T> = (object: T) => string | undefined;

interface Entry<T> {
  readonly object: T;
  readonly resourceVersion: string;
}

/** `namespace/name`, or the name alone for what is cluster-scoped: what queues are keyed by. */
export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Objects by key, and by the values of named indexes. */
export class ObjectSet<T> {
  readonly #indexes: ReadonlyMap<string, { readonly by: IndexBy<T>; readonly keys: Map<string, Set<string>> }>;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(indexes: Readonly<Record<string, IndexBy<T>>>) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, by]) => [name, { by, keys: new Map() }]));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  /** True when the object under `key` is this very version. */
  holds(key: string, resourceVersion: string): boolean {
    return resourceVersion !== '' && this.#entries.get(key)?.resourceVersion === resourceVersion;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  *all(): Generator<T> {
    for (const { object } of this.#entries.values()) yield object;
  }

  /** Objects whose value in the index `name` is `value`. Throws RangeError where there is no such index. */
  by(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`there is no index ${name}`);
    return [...(index.keys.get(value) ?? [])].map((key) => this.get(key)).filter((object) => object !== undefined);
  }

  /** Gives back what was there before. */
  put(key: string, object: T, resourceVersion: string): T | undefined {
    const values = [...this.#indexes.values()].map(({ by, keys }) => ({ keys, value: by(object) }));
    const before = this.remove(key);
    this.#entries.set(key, { object, resourceVersion });
    for (const { keys, value } of values) {
      if (value === undefined) continue;
      const known = keys.get(value);
      if (known === undefined) keys.set(value, new Set([key]));
      else known.add(key);
    }
    return before;
  }

  /** Gives back what was there. */
  remove(key: string): T | undefined {
    const before = this.get(key);
    if (before === undefined) return undefined;
    this.#entries.delete(key);
    for (const { by, keys } of this.#indexes.values()) {
      const value = by(before);
      const known = value === undefined ? undefined : keys.get(value);
      known?.delete(key);
      if (known?.size === 0 && value !== undefined) keys.delete(value);
    }
    return before;
  }
}
