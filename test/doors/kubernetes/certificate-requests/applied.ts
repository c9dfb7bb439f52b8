import type { KubernetesObject } from '#kubernetes/api.ts';

/** What one manager has applied: members of the status, and conditions by their type. */
export interface Owned {
  readonly members: readonly string[];
  readonly conditions: readonly unknown[];
}

/** Server-side apply of a status by its one manager: what it had applied before and no longer does is taken away. */
export function applied(
  live: unknown,
  { conditions: wanted, ...members }: KubernetesObject,
  before: Owned = { members: [], conditions: [] },
): { readonly status: KubernetesObject; readonly owned: Owned } {
  const { conditions: there, ...others } = Object(live);
  const own = conditionsOf(wanted);
  const owned = { members: Object.keys(members), conditions: own.map(({ type }) => type) };
  const kept = Object.entries(others).filter(([member]) => !before.members.includes(member));
  const replaced = [...owned.conditions, ...before.conditions];
  const foreign = conditionsOf(there).filter(({ type }) => !replaced.includes(type));
  return { status: { ...Object.fromEntries(kept), ...members, conditions: [...foreign, ...own] }, owned };
}

const conditionsOf = (value: unknown): KubernetesObject[] => (Array.isArray(value) ? value : []);
