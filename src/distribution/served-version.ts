import { isObject } from '#kubernetes/answer.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { type TrustBundleVersion, trustBundleVersions } from './trust-bundle.ts';

const resource = 'clustertrustbundles';

/** The newest version in which the cluster serves ClusterTrustBundles; undefined where it does in none. Rejects with ApiError. */
export async function servedVersion(api: KubernetesApi, signal: AbortSignal): Promise<TrustBundleVersion | undefined> {
  for (const version of trustBundleVersions) {
    const resources = await ask(api, `/apis/certificates.k8s.io/${version}`, signal);
    const list = resources?.resources;
    if (Array.isArray(list) && list.some((each: unknown) => isObject(each) && each.name === resource)) return version;
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
