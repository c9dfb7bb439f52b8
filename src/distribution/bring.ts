import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';

/** One object's place in the API. */
export interface Place {
  /** Path of the collection. */
  readonly collection: string;
  readonly name: string;
}

export interface Bringing {
  readonly place: Place;
  /** The object as it has to be, from the one that is there; undefined where that one is right. */
  readonly form: (live: KubernetesObject | undefined) => KubernetesObject | undefined;
  /** Nothing is written once this is over. */
  readonly term: AbortSignal;
  /** A view says so: looking is left out, and done where that was wrong. */
  readonly presumeMissing?: boolean;
}

export type Outcome = 'created' | 'updated' | 'unchanged';

/** Others who write at the same time get in between this often before the work queue comes back later. */
const attempts = 5;

/**
 * Brings one object to where it has to be with the verbs get, create and update alone. A write carries the version that
 * it was made from: what another writer did meanwhile is never lost. Rejects with ApiError.
 */
export async function bring(api: KubernetesApi, { place, form, term, presumeMissing }: Bringing): Promise<Outcome> {
  let live = presumeMissing === true ? undefined : await find(api, place, term);
  for (let attempt = 1; ; attempt += 1) {
    const object = form(live);
    if (object === undefined) return 'unchanged';
    try {
      return await write(api, place, { object, term, isNew: live === undefined });
    } catch (thrown) {
      if (attempt === attempts || !isOvertaken(thrown, live !== undefined)) throw thrown;
    }
    live = await find(api, place, term);
  }
}

/** The object there, or undefined. Rejects with ApiError. */
export async function find(
  api: KubernetesApi,
  { collection, name }: Place,
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    return await api.ask({ method: 'GET', path: `${collection}/${encodeURIComponent(name)}`, signal });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

async function write(
  api: KubernetesApi,
  { collection, name }: Place,
  { object, term, isNew }: { readonly object: KubernetesObject; readonly term: AbortSignal; readonly isNew: boolean },
): Promise<Outcome> {
  if (isNew) {
    await api.ask({ method: 'POST', path: collection, body: object, signal: term });
    return 'created';
  }
  await api.ask({ method: 'PUT', path: `${collection}/${encodeURIComponent(name)}`, body: object, signal: term });
  return 'updated';
}

/** Another was faster: it wrote, created or deleted the object. */
function isOvertaken(thrown: unknown, existed: boolean): boolean {
  if (!(thrown instanceof ApiError)) return false;
  return thrown.status === 409 || (existed && thrown.status === 404);
}
