import type { KubernetesObject } from '#kubernetes/api.ts';
import { at } from '#test/support/control-plane/client.ts';

const reasons = ['Pending', 'Failed', 'Denied', 'Issued'];
const ends = ['Failed', 'Denied', 'Issued'];

/** What is wrong with a request's life, told by all its versions in order (kubernetes.md §8, 7 to 11). */
export function wrongIn(life: readonly KubernetesObject[]): string[] {
  return life.flatMap((version, index) => {
    const status = statusOf(version);
    const before = statusOf(life[index - 1]);
    // it is made by somebody else
    if (index === 0 || JSON.stringify(status) === JSON.stringify(before)) return [];
    return checks
      .filter(({ holds }) => !holds(status, before))
      .map(({ rule }) => `${rule}: ${told(before)}, then ${told(status)}`);
  });
}

interface Status {
  readonly ready: unknown;
  readonly certificate: unknown;
  readonly ca: unknown;
  readonly failureTime: unknown;
}

function statusOf(version: unknown): Status {
  const conditions = at(version, 'status', 'conditions');
  const ready: unknown = Array.isArray(conditions)
    ? conditions.find((each) => at(each, 'type') === 'Ready')
    : undefined;
  const [certificate, ca, failureTime] = ['certificate', 'ca', 'failureTime'].map((name) =>
    at(version, 'status', name),
  );
  return { ready, certificate, ca, failureTime };
}

const told = ({ ready, certificate = '', failureTime }: Status) =>
  JSON.stringify([ready, String(certificate).slice(-40), failureTime]);
const has = (value: unknown, words: readonly string[]) => words.includes(String(value));
const reasonOf = ({ ready }: Status) => at(ready, 'reason');
const isStill = (status: Status, before: Status, name: 'status' | 'lastTransitionTime') =>
  at(status.ready, name) === at(before.ready, name);

const checks: readonly { readonly rule: string; readonly holds: (status: Status, before: Status) => boolean }[] = [
  { rule: 'K-7', holds: (status) => status.ready === undefined || has(reasonOf(status), reasons) },
  { rule: 'K-7', holds: ({ ready }) => (at(ready, 'status') === 'True') === (at(ready, 'reason') === 'Issued') },
  { rule: 'K-8', holds: (status) => (status.certificate !== undefined) === (reasonOf(status) === 'Issued') },
  { rule: 'K-8', holds: ({ certificate, ca }) => (certificate === undefined) === (ca === undefined) },
  {
    rule: 'K-9',
    holds: (status) => (status.failureTime !== undefined) === has(reasonOf(status), ['Failed', 'Denied']),
  },
  {
    rule: 'K-9',
    holds: (status, before) => before.failureTime === undefined || status.failureTime === before.failureTime,
  },
  { rule: 'K-10', holds: (_, before) => !has(reasonOf(before), ends) },
  {
    rule: 'K-11',
    holds: (status, before) => !isStill(status, before, 'status') || isStill(status, before, 'lastTransitionTime'),
  },
];
