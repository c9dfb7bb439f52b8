import { canonicalJson } from '#audit/canonical.ts';
import type { EncodedEvent } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';

/** The log of a made-up mesh: the same entries for the same numbers, on any machine. */
export interface MeshPlan {
  readonly entries: number;
  /** ms since the epoch of the first entry, and between two. */
  readonly start: number;
  readonly step: number;
  readonly namespaces: number;
  readonly accounts: number;
  readonly nodes: number;
  /** s that a workload's certificate lives. */
  readonly ttl: number;
}

export const issuerKey = 'ab12'.repeat(10);
export const policySet = (n: number): string => (n + 0xaa0000).toString(16).padStart(64, 'c');
const clusters = ['east', 'west'] as const;
const keyKinds = ['ec:P-256', 'ec:P-256', 'ec:P-256', 'ec:P-384', 'rsa:2048', 'ed25519'] as const;
const reasons = ['identity.mismatch', 'policy.no-match', 'key.weak.roca', 'key.weak.fermat', 'rate.exceeded'] as const;
const others = [
  ...(['service.started', 'service.degraded', 'log.opened', 'key.generated', 'issuer.installed'] as const),
  'admin.action',
] as const;

/** A number that looks like chance, from 0 to `most` − 1; `salt` makes another for the same entry. */
export function pick(n: number, salt: number, most: number): number {
  let x = Math.imul(n ^ (salt * 0x9e3779b1), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) % most;
}

const hex = (n: number, salt: number, length: number) =>
  Array.from({ length: Math.ceil(length / 8) }, (_, i) =>
    pick(n, salt + 31 * i, 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  )
    .join('')
    .slice(0, length);

export const serialOfEntry = (n: number): string => hex(n, 1, 32);
export const sha256OfEntry = (n: number): string => hex(n, 2, 64);
/** Every fiftieth key was certified before; every hundredth for somebody else. */
export const keyOfEntry = (n: number): string => hex(n % 50 === 7 ? Math.max(0, n - 3) : n, 3, 64);
export const jtiOfEntry = (n: number): string => `token-${n % 1_000}`;

export function* meshLog(plan: MeshPlan): Generator<Uint8Array> {
  for (let n = 0; n < plan.entries; n++) yield entryOf(n, plan);
}

export function entryOf(n: number, plan: MeshPlan): Uint8Array {
  const time = plan.start + n * plan.step;
  const base = { v: 1, seq: n, time: new Date(time).toISOString(), id: idOf(n), instance: { bootId: 'boot-1' } };
  return Buffer.from(canonicalJson({ ...base, ...contentOf(n, time, plan) }));
}

/** The same before it has its place: the log gives it index and time. */
export function encodedOf(n: number, plan: MeshPlan): EncodedEvent {
  const base = { v: 1, id: idOf(n), instance: { bootId: 'boot-1' } };
  const text = canonicalJson({ ...base, ...contentOf(n, plan.start + n * plan.step, plan) });
  const place = text.lastIndexOf(',"type":');
  return { head: text.slice(0, place + 1), tail: text.slice(place), length: Buffer.byteLength(text) + 1 };
}

const idOf = (n: number) => `0193b5c0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

function contentOf(n: number, time: number, plan: MeshPlan): { readonly [name: string]: Json | undefined } {
  if (n % 500 === 0) return policyLoaded(n / 500);
  if (n % 500 === 250) return plainRecord(n);
  if (n % 200 === 150) return revoked(n - 40, time, plan);
  if (n % 200 === 151) return crl(n);
  const caller = callerOf(n, plan);
  const asked = {
    key: { kind: kindOf(n), spkiSha256: keyOfEntry(n) },
    sans: [`uri:${caller.identity}`],
    ttl: plan.ttl,
  };
  const decision = { policy: `team-${pick(n, 9, 7)}`, policySetId: policySet(Math.floor(n / 500)) };
  const common = { door: 'istio', peer: { ip: `10.0.${n % 200}.9`, port: 40_000 }, asked };
  if (n % 20 === 13) {
    const count = n % 100 === 13 ? { count: 40 } : {};
    const reason = reasons[pick(n, 10, reasons.length)] ?? 'internal';
    const type = 'certificate.denied';
    return { ...common, caller: caller.facts, decision, outcome: 'denied', type, reason, message: 'no', ...count };
  }
  const begin = time - 30_000;
  const ttl = n % 97 === 0 ? 90 * 86_400 : plan.ttl;
  return {
    ...common,
    type: 'certificate.issued',
    outcome: 'success',
    caller: caller.facts,
    ...(caller.onBehalfOf && { onBehalfOf: caller.onBehalfOf }),
    decision: { ...decision, mode: 'enforce', ...(n % 3 === 0 && { level: 'fips' }) },
    certificate: {
      identity: caller.identity,
      issuer: { keyId: n % 40 === 1 ? 'cd34'.repeat(10) : issuerKey, name: n % 40 === 1 ? 'spare' : 'mesh' },
      key: { kind: kindOf(n), spkiSha256: keyOfEntry(n) },
      notAfter: new Date(begin + ttl * 1_000).toISOString(),
      notBefore: new Date(begin).toISOString(),
      serial: serialOfEntry(n),
      sha256: sha256OfEntry(n),
    },
  };
}

const kindOf = (n: number) => keyKinds[pick(n, 8, keyKinds.length)] ?? 'ec:P-256';

function callerOf(n: number, plan: MeshPlan) {
  const namespace = `ns-${pick(n, 4, plan.namespaces)}`;
  const serviceAccount = `sa-${pick(n, 5, plan.accounts)}`;
  const domain = n % 60 === 5 ? 'other.example' : 'cluster.local';
  const identity = `spiffe://${domain}/ns/${namespace}/sa/${serviceAccount}`;
  const node = `node-${pick(n, 6, plan.nodes)}`;
  const cluster = clusters[n % 2] ?? 'east';
  const credential = { issuer: 'https://kubernetes.default.svc', jti: jtiOfEntry(n), kid: 'k1' };
  const pod = { name: `pod-${pick(n, 7, plan.accounts * 50)}`, uid: idOf(n) };
  if (n % 30 === 11) {
    const ztunnel = { identity: `spiffe://${domain}/ns/istio-system/sa/ztunnel`, namespace: 'istio-system' };
    const facts = { ...ztunnel, serviceAccount: 'ztunnel', authenticator: 'oidc', cluster, node, credential };
    return { identity, facts, onBehalfOf: { identity, node, pod } };
  }
  const facts = { identity, namespace, serviceAccount, authenticator: 'oidc', cluster, node, credential, pod };
  return { identity, facts, onBehalfOf: undefined };
}

function policyLoaded(n: number) {
  const change = { kind: 'policy-set', afterSha256: policySet(n), ...(n > 0 && { beforeSha256: policySet(n - 1) }) };
  return { type: 'policy.loaded', outcome: 'success', actor: { user: 'operator', method: 'file' }, change };
}

function plainRecord(n: number) {
  const type = others[pick(n, 11, others.length)] ?? 'service.started';
  return type === 'service.degraded'
    ? { type, outcome: 'failed', reason: 'internal', message: 'the disk is slow' }
    : { type, outcome: 'success' };
}

function revoked(n: number, time: number, plan: MeshPlan) {
  const { identity } = callerOf(n, plan);
  const issuer = { keyId: n % 40 === 1 ? 'cd34'.repeat(10) : issuerKey };
  return {
    type: 'certificate.revoked',
    outcome: 'success',
    actor: { user: 'operator', method: 'file' },
    certificate: { identity, issuer, serial: serialOfEntry(n) },
    revocation: { effective: new Date(time - 2_000).toISOString(), reason: 'keyCompromise', requestedBy: 'ann' },
  };
}

function crl(n: number) {
  const issuer = { keyId: n % 400 < 200 ? issuerKey : 'cd34'.repeat(10), name: 'mesh' };
  return { type: 'crl.published', outcome: 'success', certificate: { issuer }, revocation: { crlNumber: n } };
}
