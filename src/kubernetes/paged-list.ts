import { isObject } from './answer.ts';
import { ApiError, type KubernetesApi, type KubernetesObject, malformed } from './api.ts';

/** Objects in one answer. */
const pageSize = 500;

export interface ListRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Hands all objects of a list to `take`, page by page, so that no more than a page is in memory as it came. Resolves
 * with the version to watch from. Rejects with ApiError; 410 where a page came too late and the list must begin anew.
 */
export async function pagedList(
  api: KubernetesApi,
  { path, query, signal }: ListRequest,
  take: (object: KubernetesObject) => void,
): Promise<string> {
  let next = '';
  for (;;) {
    const page = await api.ask({
      method: 'GET',
      path,
      query: { ...query, limit: String(pageSize), ...(next !== '' && { continue: next }) },
      timeoutMs: pageTimeoutMs,
      signal,
    });
    const { items, metadata } = page;
    if (!isObject(metadata) || typeof metadata.resourceVersion !== 'string') throw noList();
    // a list in Go that was never filled is null
    if (items !== null && !Array.isArray(items)) throw noList();
    for (const item of items ?? []) {
      if (!isObject(item)) throw noList();
      take(item);
    }
    const following = typeof metadata.continue === 'string' ? metadata.continue : '';
    if (following === '') return metadata.resourceVersion;
    if (following === next) throw noList();
    next = following;
  }
}

const pageTimeoutMs = 30_000;

const noList = () => new ApiError('the answer is no list', { status: 0, reason: malformed });
