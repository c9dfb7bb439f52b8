import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import { issuerGroup } from './issuer-resource.ts';

/** By which the API server knows what of an object is ours (kubernetes.md §1.8). */
const fieldManager = `${issuerGroup}/issuer`;
const callMs = 10_000;

export interface AppliedTo {
  /** Of the object. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for what is cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  /** As it was read. */
  readonly resourceVersion: string;
}

/**
 * Says what is ours to say in a status. Another's word since then is a conflict, such as that of the leader before us or
 * after us, and so is another object of that name: a UID would be no condition to an apply (seen at 1.36). Rejects with
 * ApiError.
 */
export async function applyStatus(
  api: KubernetesApi,
  { path, apiVersion, kind, namespace, name, resourceVersion }: AppliedTo,
  status: KubernetesObject,
  signal: AbortSignal,
): Promise<void> {
  const metadata = { name, ...(namespace !== '' && { namespace }), resourceVersion };
  await api.ask({
    method: 'PATCH',
    path: `${path}/status`,
    query: { fieldManager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion, kind, metadata, status },
    timeoutMs: callMs,
    signal,
  });
}
