import { at } from '#test/support/control-plane/client.ts';

export interface Condition {
  readonly type: unknown;
  readonly status: unknown;
  readonly reason: unknown;
  readonly message: unknown;
  readonly observedGeneration: unknown;
}

/** The condition of that type in an object's status. */
export function conditionOf(object: unknown, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

export function conditionsOf(object: unknown): Condition[] {
  const conditions = at(object, 'status', 'conditions');
  return Array.isArray(conditions) ? conditions : [];
}

/** What a member holds in base64; empty where it is not there. */
export const textIn = (object: unknown, ...path: readonly string[]): string =>
  Buffer.from(String(at(object, ...path) ?? ''), 'base64').toString();

export const nameOf = (object: unknown): string => String(at(object, 'metadata', 'name'));
