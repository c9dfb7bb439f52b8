import { isObject } from './answer.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from './api.ts';

/**
 * The first of `versions` in which the API server serves a kind, by the plural of it; undefined where it does in none.
 * Rejects with ApiError.
 */
export async function servedVersion<Version extends string>(
  api: KubernetesApi,
  {
    group,
    versions,
    plural,
  }: { readonly group: string; readonly versions: readonly Version[]; readonly plural: string },
  signal: AbortSignal,
): Promise<Version | undefined> {
  for (const version of versions) {
    const resources = await ask(api, `/apis/${group}/${version}`, signal);
    const list = resources?.resources;
    if (Array.isArray(list) && list.some((each: unknown) => isObject(each) && each.name === plural)) return version;
  }
  return undefined;
}

async function ask(api: KubernetesApi, path: string, signal: AbortSignal): Promise<KubernetesObject | undefined> {
  try {
    return await api.ask({ method: 'GET', path, signal });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return undefined;
    throw thrown;
  }
}
