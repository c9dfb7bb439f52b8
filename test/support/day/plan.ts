import { pick } from '#test/support/mesh-log.ts';

/** A day of a mesh as it was meant, before it became records: what answers are worked out from. Times in ms. */
export const events = 50_000;
export const begin = Date.parse('2026-11-21T00:00:00Z');
export const step = 1_728;
/** When the questions are asked: half an hour after the day. */
export const now = begin + 86_400_000 + 1_800_000;
export const timeOf = (n: number): number => begin + n * step;

export const kinds = ['ec:P-256', 'ec:P-384', 'ed25519'] as const;
export type Kind = (typeof kinds)[number];
export const reasons = [
  'policy.no-match',
  'key.not-allowed',
  'identity.mismatch',
  'identity.trust-domain',
  'authn.impersonation',
] as const;

interface Workload {
  readonly namespace: string;
  readonly account: string;
  readonly identity: string;
  readonly node: string;
  readonly pod: string;
  /** Which of the keys; they are shared out so that each workload has its own. */
  readonly key: number;
  readonly kind: Kind;
}

export interface IssuedPlan extends Workload {
  readonly what: 'issued';
  readonly n: number;
  readonly issuer: 'mesh' | 'spare';
  readonly policy: 'mesh' | 'pay' | 'slow';
  /** Seconds. */
  readonly ttl: number;
  readonly byZtunnel: boolean;
  readonly token: string;
  readonly cluster: string;
}
export interface DeniedPlan extends Workload {
  readonly what: 'denied';
  readonly n: number;
  readonly reason: (typeof reasons)[number];
  readonly count: number;
  readonly token: string;
  readonly cluster: string;
}
/** `of`: the issuance that is revoked. */
export interface RevokedPlan {
  readonly what: 'revoked';
  readonly n: number;
  readonly of: number;
}
export interface OtherPlan {
  readonly what: 'other';
  readonly n: number;
  readonly type: string;
}
export type Planned = IssuedPlan | DeniedPlan | RevokedPlan | OtherPlan;

/** What a server says at its start, by index. */
const start = [
  'log.opened',
  'config.loaded',
  'policy.loaded',
  'issuer.installed',
  'issuer.installed',
  'service.started',
  'key.generated',
  'ceremony.step',
] as const;
const interruptions = ['service.degraded', 'log.checkpoint-failed', 'hsm.lost', 'hsm.recovered'] as const;

/** What somebody does at the admin API, one after another. */
const looks = ['admin.login', 'admin.action', 'admin.denied'] as const;

export const namespaces = 20;
const accounts = 10;
/** One of them is asked for by everybody's node agent. */
export const ztunnel = 'spiffe://cluster.local/ns/istio-system/sa/ztunnel';

function workloadOf(n: number, salt: number, ofNamespaces = namespaces, ofAccounts = accounts): Workload {
  const at = pick(n, salt, ofNamespaces);
  const prefix = at % 10 === 3 ? 'slow' : at % 10 === 7 ? 'pay' : 'ns';
  const namespace = `${prefix}-${at}`;
  const number = pick(n, salt + 1, ofAccounts);
  const own = at * accounts + number;
  // every 997th brings the key of a neighbour
  const key = n % 997 === 5 ? (own + 1) % (namespaces * accounts) : own;
  return {
    namespace,
    account: `sa-${number}`,
    identity: `spiffe://cluster.local/ns/${namespace}/sa/sa-${number}`,
    node: `node-${pick(n, 6, 60)}`,
    pod: `pod-${own}-${pick(n, 7, 3)}`,
    key,
    kind: kindOfKey(key),
  };
}

/** Ed25519 falls to accounts that no policy on modules is for. */
export const kindOfKey = (key: number): Kind => (key % 20 === 7 ? 'ed25519' : key % 20 < 4 ? 'ec:P-384' : 'ec:P-256');

export const policiesLoaded = (n: number): boolean => n === 2 || (n % 5_000 === 0 && n > 0);
/** Which of the sets is in force at that index. */
export const setAt = (n: number): number => Math.floor((n - 1) / 5_000);

export function planOf(n: number): Planned {
  const known = start[n];
  if (known !== undefined) return { what: 'other', n, type: known };
  if (policiesLoaded(n)) return { what: 'other', n, type: 'policy.loaded' };
  if (n % 5_000 === 100)
    return { what: 'other', n, type: interruptions[Math.floor(n / 5_000) % interruptions.length] ?? 'log.opened' };
  const look = looks[(n % 5_000) - 200];
  if (look !== undefined) return { what: 'other', n, type: look };
  if (n % 1_000 === 500) return { what: 'revoked', n, of: n - 395 };
  if (n % 1_000 === 502) return { what: 'other', n, type: 'crl.published' };
  const common = { n, token: `token-${n % 400}`, cluster: n % 2 === 0 ? 'east' : 'west' };
  if (n % 10 === 3) {
    const reason = reasons[pick(n, 10, 25)] ?? 'policy.no-match';
    return { what: 'denied', ...common, ...workloadOf(n, 11, 5, 8), reason, count: n % 100 === 13 ? 30 : 1 };
  }
  const workload = workloadOf(n, 4);
  const policy = workload.namespace.startsWith('slow') ? 'slow' : workload.namespace.startsWith('pay') ? 'pay' : 'mesh';
  const ttl = policy === 'slow' ? 48 * 3_600 : policy === 'pay' ? 1_800 : 3_600;
  const issuer = n % 40 === 1 ? 'spare' : 'mesh';
  return { what: 'issued', ...common, ...workload, issuer, policy, ttl, byZtunnel: n % 500 === 11 };
}

export const day: readonly Planned[] = Array.from({ length: events }, (_, n) => planOf(n));
export const issued = day.filter((each) => each.what === 'issued');
export const denied = day.filter((each) => each.what === 'denied');
export const revoked = day.filter((each) => each.what === 'revoked');

export const serialOf = (n: number): string => `4a${n.toString(16).padStart(38, '0')}`;
/** Seconds since the epoch: a minute before, and to the last second of the lifetime. */
export const notBefore = ({ n }: IssuedPlan): number => Math.floor(timeOf(n) / 1_000) - 60;
export const notAfter = ({ n, ttl }: IssuedPlan): number => Math.floor(timeOf(n) / 1_000) + ttl - 1;
