import type { KubernetesObject } from '#kubernetes/api.ts';

/** A text that every such object has. Throws Error where it has none. */
export function objectText(object: KubernetesObject, member: string): string {
  const value = object[member];
  if (typeof value !== 'string' || value === '') throw new Error(`${member} is empty`);
  return value;
}
