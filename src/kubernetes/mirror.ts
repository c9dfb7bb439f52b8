import { ApiError, type KubernetesObject } from './api.ts';
import { type IndexBy, keyOf, type Meta, ObjectSet } from './object-set.ts';

/** A change, after the view has it. `key` is `namespace/name`; on a deletion `after` is absent. */
export interface Change<T> {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface MirrorOptions<T> {
  /**
   * What is kept of an object; the rest is dropped as it arrives. Undefined: not kept at all. What throws is not kept
   * either, nor is what was kept of it before.
   */
  readonly strip: (object: KubernetesObject) => T | undefined;
  readonly indexes?: Readonly<Record<string, IndexBy<T>>>;
  /** Is to enqueue the key and return; what it throws is reported and stops nothing. */
  readonly onChange?: (change: Change<T>) => void;
  readonly onTrouble?: (message: string) => void;
  /** Objects kept; a server that has more is not mirrored. */
  readonly maxObjects?: number;
}

/** A set of objects on its way here, which replaces what is known once it is whole. */
export type Intake<T> = Map<string, { readonly object: T; readonly resourceVersion: string }>;

/** The API server's set of objects, as far as it was told to us; passes on what changes. */
export class Mirror<T> {
  readonly objects: ObjectSet<T>;
  readonly #options: MirrorOptions<T>;
  readonly #maxObjects: number;

  constructor(options: MirrorOptions<T>) {
    this.#options = options;
    this.#maxObjects = options.maxObjects ?? 500_000;
    this.objects = new ObjectSet(options.indexes ?? {});
  }

  put(meta: Meta, object: KubernetesObject): void {
    const stripped = this.#strip(meta, object);
    if (stripped === undefined) this.remove(meta);
    else this.#keep(keyOf(meta.namespace, meta.name), stripped, meta.resourceVersion);
  }

  remove({ namespace, name }: Meta): void {
    this.#drop(keyOf(namespace, name));
  }

  /** Throws ApiError past the bound on objects. */
  take(intake: Intake<T>, meta: Meta, object: KubernetesObject): void {
    const key = keyOf(meta.namespace, meta.name);
    const stripped = this.#strip(meta, object);
    if (stripped === undefined) intake.delete(key);
    else intake.set(key, { object: stripped, resourceVersion: meta.resourceVersion });
    if (intake.size > this.#maxObjects) this.#tooMany();
  }

  /** What is not in `intake` is gone; what is there in the version that we know is no change. */
  replace(intake: Intake<T>): void {
    for (const key of [...this.objects.keys()]) if (!intake.has(key)) this.#drop(key);
    for (const [key, { object, resourceVersion }] of intake) {
      if (!this.objects.holds(key, resourceVersion)) this.#keep(key, object, resourceVersion);
    }
  }

  #keep(key: string, object: T, resourceVersion: string): void {
    if (this.objects.size >= this.#maxObjects && this.objects.get(key) === undefined) this.#tooMany();
    const before = this.objects.put(key, object, resourceVersion);
    this.#tell({ key, before, after: object });
  }

  #drop(key: string): void {
    const before = this.objects.remove(key);
    if (before !== undefined) this.#tell({ key, before, after: undefined });
  }

  #strip({ namespace, name }: Meta, object: KubernetesObject): T | undefined {
    try {
      return this.#options.strip(object);
    } catch (thrown) {
      this.report(`${keyOf(namespace, name)} is not kept: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange?.(change);
    } catch (thrown) {
      this.report(`a handler failed on ${change.key}: ${messageOf(thrown)}`);
    }
  }

  /** Whoever keeps the log cannot stop the stream either. */
  report(message: string): void {
    try {
      this.#options.onTrouble?.(message);
    } catch {
      // there is nobody left to tell
    }
  }

  #tooMany(): never {
    throw new ApiError(`more than ${this.#maxObjects} objects`, { status: 0 });
  }
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
