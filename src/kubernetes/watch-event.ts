import { isObject, statusError } from './answer.ts';
import { ApiError, type KubernetesObject, malformed } from './api.ts';
import type { Meta } from './object-set.ts';

export type WatchEvent =
  | { readonly type: 'put'; readonly meta: Meta; readonly object: KubernetesObject }
  | { readonly type: 'delete'; readonly meta: Meta }
  /** `initialEnd`: the set that `sendInitialEvents` asked for is complete. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean };

/** One line of a watch. Throws ApiError for an ERROR event, with the status it carries, and for what is no event. */
export function readWatchEvent(line: KubernetesObject): WatchEvent {
  const { type, object } = line;
  if (!isObject(object)) throw noEvent();
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'put', meta: readMeta(object), object };
    case 'DELETED':
      return { type: 'delete', meta: readMeta(object) };
    case 'BOOKMARK':
      return readBookmark(object);
    case 'ERROR':
      throw statusError(typeof object.code === 'number' ? object.code : 0, object);
    default:
      throw noEvent();
  }
}

/** Throws ApiError where there is no name or no version. */
export function readMeta({ metadata }: KubernetesObject): Meta {
  const { namespace = '', name, resourceVersion } = isObject(metadata) ? metadata : {};
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof resourceVersion !== 'string' || name === '') {
    throw noEvent();
  }
  return { namespace, name, resourceVersion };
}

const initialEventsEnd = 'k8s.io/initial-events-end';

function readBookmark({ metadata }: KubernetesObject): WatchEvent {
  const { resourceVersion, annotations } = isObject(metadata) ? metadata : {};
  if (typeof resourceVersion !== 'string' || resourceVersion === '') throw noEvent();
  const initialEnd = isObject(annotations) && annotations[initialEventsEnd] === 'true';
  return { type: 'bookmark', resourceVersion, initialEnd };
}

const noEvent = () => new ApiError('the watch sent what is no event', { status: 0, reason: malformed });
