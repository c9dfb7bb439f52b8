import { isObject } from './answer.ts';
import { ApiError, type KubernetesApi, type KubernetesObject, malformed, tooLarge } from './api.ts';

/** Objects in one answer. */
const pageSize = 500;
/** ms for one answer. */
const pageTimeoutMs = 30_000;

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
  request: ListRequest,
  take: (object: KubernetesObject) => void,
): Promise<string> {
  let next = '';
  for (let limit = pageSize; ; ) {
    const page = await onePage(api, request, limit, next);
    if (page === tooLarge) {
      limit = Math.ceil(limit / 2);
      continue;
    }
    for (const item of page.items) take(item);
    if (page.next === '') return page.resourceVersion;
    if (page.next === next) throw noList();
    next = page.next;
  }
}

interface Page {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
  /** Token of the page after this; empty on the last. */
  readonly next: string;
}

/** `tooLarge` where fewer objects may do. */
async function onePage(
  api: KubernetesApi,
  { path, query, signal }: ListRequest,
  limit: number,
  next: string,
): Promise<Page | typeof tooLarge> {
  const paging = { limit: String(limit), ...(next !== '' && { continue: next }) };
  try {
    return readPage(
      await api.ask({ method: 'GET', path, query: { ...query, ...paging }, timeoutMs: pageTimeoutMs, signal }),
    );
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.reason === tooLarge && limit > 1) return tooLarge;
    throw thrown;
  }
}

function readPage({ items, metadata }: KubernetesObject): Page {
  if (!isObject(metadata) || typeof metadata.resourceVersion !== 'string') throw noList();
  // a list in Go that was never filled is null
  const list: unknown[] | undefined = items === null ? [] : Array.isArray(items) ? items : undefined;
  if (list === undefined || !list.every(isObject)) throw noList();
  const next = typeof metadata.continue === 'string' ? metadata.continue : '';
  return { items: list, resourceVersion: metadata.resourceVersion, next };
}

const noList = () => new ApiError('the answer is no list', { status: 0, reason: malformed });
