import type { AuditEvent } from '#audit/event.ts';

/** A record as issuance writes it, distinguishable by `n`. */
export function issuedEvent(n: number): AuditEvent {
  return {
    type: 'certificate.issued',
    id: `0193b5c0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    outcome: 'success',
    door: 'istio',
    request: { bytes: 512, id: `request-${n}`, sha256: 'ab'.repeat(32) },
    caller: { authenticator: 'oidc', identity: 'spiffe://cluster.local/ns/demo/sa/web', namespace: 'demo' },
    certificate: {
      identity: 'spiffe://cluster.local/ns/demo/sa/web',
      notAfter: '2026-11-22T00:00:00Z',
      notBefore: '2026-11-21T00:00:00Z',
      serial: n.toString(16).padStart(32, '0'),
    },
  };
}

export function deniedEvent(n: number): AuditEvent {
  return {
    type: 'certificate.denied',
    id: `0193b5c0-0000-7000-9000-${n.toString(16).padStart(12, '0')}`,
    outcome: 'denied',
    reason: 'identity.trust-domain',
    message: 'the identity is in another trust domain',
    door: 'istio',
  };
}
