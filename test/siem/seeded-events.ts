import type { AuditEvent } from '#audit/event.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

const api = 'spiffe://cluster.local/ns/payments/sa/api';
const caller = {
  authenticator: 'kubernetes',
  cluster: 'east',
  identity: api,
  namespace: 'payments',
  serviceAccount: 'api',
  node: 'worker-3',
  pod: { name: 'api-7c9d', uid: 'b1c2' },
  credential: { jti: 'token-17', issuer: 'https://kubernetes.default.svc' },
};
const key = { kind: 'ec:P-256', spkiSha256: '2b'.repeat(32) };
const policySetId = '5e'.repeat(32);
const idOf = (n: number) => `0193b5c0-0000-7000-a000-${n.toString(16).padStart(12, '0')}`;

const issued = (n: number, identity: string, serial: string): AuditEvent => ({
  type: 'certificate.issued',
  id: idOf(n),
  outcome: 'success',
  door: 'istio',
  peer: { ip: '10.244.1.17', port: 48_122 },
  caller,
  decision: { policy: 'sidecars', policySetId },
  certificate: {
    identity,
    serial,
    sha256: '3c'.repeat(32),
    sans: [identity],
    notBefore: '2026-11-01T00:00:00Z',
    notAfter: '2026-11-02T00:00:00Z',
    issuer: { name: 'mesh', keyId: '9c41' },
    key,
  },
});

const refused = (n: number, reason: string): AuditEvent => ({
  type: 'certificate.denied',
  id: idOf(n),
  outcome: 'denied',
  reason,
  door: 'istio',
  peer: { ip: '10.244.1.17', port: 48_122 },
  caller,
  onBehalfOf: { identity: 'spiffe://cluster.local/ns/payments/sa/other', node: 'worker-3' },
  asked: { sans: ['spiffe://cluster.local/ns/payments/sa/other'], csrSignature: 'ecdsa-p256-sha256', key },
});

/** Something for each question that the pages ask. The record at 41 is a refusal. */
export const seededEvents: readonly AuditEvent[] = [
  { type: 'service.started', id: idOf(0), outcome: 'success' },
  {
    type: 'policy.loaded',
    id: idOf(1),
    outcome: 'success',
    actor: { user: 'kari@example.org', approvers: ['ola@example.org'] },
    change: { kind: 'policy', name: 'policies', afterSha256: policySetId, ticket: 'CHG-7' },
  },
  issued(2, api, '5d0f1c'),
  issued(3, 'spiffe://cluster.local/ns/payments/sa/other', '5d0f1d'),
  issued(4, api, '5d0f1e'),
  {
    type: 'certificate.revoked',
    id: idOf(5),
    outcome: 'success',
    certificate: { serial: '5d0f1e', identity: api },
    revocation: { reason: 'keyCompromise', effective: '2026-11-01T00:00:30Z' },
  },
  { ...refused(6, 'policy.denied'), count: 12 },
  {
    type: 'export.gap',
    id: idOf(7),
    outcome: 'failed',
    reason: 'export.behind',
    export: { sink: 'lake', lagMs: 300_000 },
  },
  ...Array.from({ length: 33 }, (_, n) => issuedEvent(100 + n)),
  refused(8, 'identity.mismatch'),
  { type: 'detection.alert', id: idOf(9), outcome: 'success', message: 'one caller is refused again and again' },
];
