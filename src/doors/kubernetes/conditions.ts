import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';

/** A condition as it stands; a part that is no text is empty. */
export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export function conditionsOf(status: unknown): KubernetesObject[] {
  return isObject(status) && Array.isArray(status.conditions) ? status.conditions.filter(isObject) : [];
}

export function readCondition({ status, reason, message, lastTransitionTime }: KubernetesObject): Condition {
  return {
    status: textOf(status),
    reason: textOf(reason),
    message: textOf(message),
    lastTransitionTime: textOf(lastTransitionTime),
  };
}

/** Of a condition that has `status` now: its time moves with its status alone. `now` in ms. */
export function transitionTime(before: Condition | undefined, status: string, now: number): string {
  return before?.status === status && before.lastTransitionTime !== '' ? before.lastTransitionTime : rfc3339(now);
}

/** Whole seconds, as metav1.Time has them. `now` in ms. */
export const rfc3339 = (now: number): string =>
  new Date(Math.floor(now / 1000) * 1000).toISOString().replace('.000Z', 'Z');

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
