import type { Asked } from '#audit/questions/ask.ts';
import type { QuestionName } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import {
  issuerKey,
  jtiOfEntry,
  keyOfEntry,
  type MeshPlan,
  pick,
  policySet,
  serialOfEntry,
  sha256OfEntry,
} from '#test/support/mesh-log.ts';

/** How long a question took, ms. */
export interface Timed {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
}

const times = 40;
/** ms; an hour of certificates of an hour is live, at 50 records a second. */
const step = 20;
const mesh = { namespaces: 100, accounts: 100, nodes: 500, ttl: 3_600 };

export function planOf(entries: number): MeshPlan {
  return { entries, start: Date.parse('2026-11-01T00:00:00Z'), step, ...mesh };
}

/** Of the last entry. */
export const endOf = ({ start, entries }: MeshPlan): number => start + entries * step;

/** Each question so many times, with other filters each time. */
export async function timeQuestions(
  plan: MeshPlan,
  ask: (asked: Asked) => Promise<unknown>,
  progress: (what: string) => void,
): Promise<Timed[]> {
  const now = endOf(plan);
  const questions: Timed[] = [];
  for (const [name, filtersFor] of asked(plan.entries, now)) {
    progress(name);
    const taken: number[] = [];
    for (let n = 0; n < times; n++) {
      const filters = filtersFor(pick(n, 77, plan.entries));
      const begin = performance.now();
      await ask({ name: nameOf(name), filters, now });
      taken.push(performance.now() - begin);
    }
    taken.sort((a, b) => a - b);
    questions.push({ name, p50: taken[times / 2] ?? 0, p95: taken[Math.floor(times * 0.95)] ?? 0 });
  }
  return questions;
}

const nameOf = (words: string): QuestionName => (words.split(' ')[0] ?? '') as QuestionName;

function asked(records: number, now: number): readonly (readonly [string, (n: number) => Filters])[] {
  const namespace = (n: number) => `ns-${pick(n, 4, mesh.namespaces)}`;
  const account = (n: number) => `${namespace(n)}/sa-${pick(n, 5, mesh.accounts)}`;
  const identity = (n: number) => `spiffe://cluster.local/ns/${account(n).replace('/', '/sa/')}`;
  const node = (n: number) => `node-${pick(n, 6, mesh.nodes)}`;
  const moment = (n: number) => now - (records - n) * step;
  return [
    ['held', (n) => ({ identity: identity(n), at: moment(n) })],
    ['held by prefix', (n) => ({ 'identity-prefix': `spiffe://cluster.local/ns/${namespace(n)}/`, at: moment(n) })],
    ['live', () => ({})],
    ['live by namespace', (n) => ({ namespace: namespace(n) })],
    ['live by trust domain', () => ({ 'trust-domain': 'other.example' })],
    ['account', (n) => ({ 'service-account': account(n), since: moment(n) })],
    ['from-node', (n) => ({ node: node(n) })],
    ['impersonated', (n) => ({ until: moment(n) })],
    ['logged', (n) => ({ serial: serialOfEntry(n) })],
    ['logged by sha256', (n) => ({ sha256: sha256OfEntry(n) })],
    ['live-keys', () => ({ 'key-kind': 'rsa:2048' })],
    ['expiring', () => ({})],
    ['most-refused', () => ({})],
    ['mismatch', (n) => ({ until: moment(n) })],
    ['shared-keys', (n) => ({ until: moment(n) })],
    ['old-keys', () => ({ 'older-than': 86_400_000 })],
    ['key', (n) => ({ key: keyOfEntry(n) })],
    ['signed-by', (n) => ({ issuer: issuerKey, since: moment(n) })],
    ['signed-by name', (n) => ({ issuer: 'spare', until: moment(n) })],
    ['policy-changes', (n) => ({ until: moment(n) })],
    ['policy-of', (n) => ({ serial: serialOfEntry(n) })],
    ['interruptions', (n) => ({ until: moment(n) })],
    ['authorities', (n) => ({ until: moment(n) })],
    ['keys', () => ({})],
    ['rate', (n) => ({ until: moment(n) })],
    ['rate by minute', (n) => ({ since: moment(n) - 10_000_000, until: moment(n) })],
    ['rate by namespace', (n) => ({ namespace: namespace(n) })],
    ['revocations', (n) => ({ until: moment(n) })],
    ['token', (n) => ({ token: jtiOfEntry(n) })],
    ['records by prefix', () => ({ 'identity-prefix': 'spiffe://cluster.local/' })],
    ['records by pod', (n) => ({ pod: `pod-${pick(n, 7, mesh.accounts * 50)}` })],
    ['records by policy set', (n) => ({ policy: policySet(Math.floor(n / 500)) })],
    ['records of three wide filters', (n) => ({ cluster: 'east', 'key-kind': 'ed25519', node: node(n) })],
    ['records that nothing matches', () => ({ cluster: 'east', issuer: 'mesh', outcome: 'denied' })],
    ['records refused so', () => ({ reason: 'key.weak', cluster: 'west' })],
  ];
}
