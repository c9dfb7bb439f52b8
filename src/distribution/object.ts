import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';

/** A member that is an object; an empty one where there is none. */
export function member(object: KubernetesObject, name: string): KubernetesObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** A member that is text; undefined where there is none. */
export function textAt(object: KubernetesObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}
