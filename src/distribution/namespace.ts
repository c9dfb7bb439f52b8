import type { KubernetesObject } from '#kubernetes/api.ts';
import { member, textAt } from './object.ts';

export function nameOf(object: KubernetesObject): string {
  return textAt(member(object, 'metadata'), 'name') ?? '';
}

/** It takes nothing new any more. */
export function isTerminating(object: KubernetesObject): boolean {
  return (
    textAt(member(object, 'status'), 'phase') === 'Terminating' ||
    textAt(member(object, 'metadata'), 'deletionTimestamp') !== undefined
  );
}
