import { completeEntry, decodeEntry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent, EventType } from '#audit/event.ts';
import { leafHash } from '#audit/merkle.ts';
import type { Exported } from '#export/format.ts';

const hex = (digit: string) => digit.repeat(64);

/** A record with every member that there is; `text` stands wherever any text may stand. */
export function fullEvent(type: EventType, outcome: 'success' | 'denied' | 'failed', text: string): AuditEvent {
  const key = { curve: 'P-256', kind: 'ec:P-256', size: 256, spkiSha256: hex('3'), type: 'ec' };
  const pod = { name: text, uid: text };
  return {
    type,
    id: '0193b5c0-0000-7000-8000-0000000000aa',
    outcome,
    ...(outcome === 'success' ? {} : { reason: 'policy.denied' }),
    message: text,
    instance: { bootId: text, buildDigest: text, host: text, name: text, pod: text, version: text },
    door: 'istio',
    request: { bytes: 512, id: text, sha256: hex('1'), traceparent: text },
    peer: { ip: text, port: 4711, tls: { cipher: text, clientCertSha256: hex('2'), sni: text, version: text } },
    caller: {
      authenticator: text,
      cluster: text,
      credential: {
        audience: [text, text],
        certificateSha256: hex('5'),
        expires: 1_795_000_000,
        issuer: text,
        jti: text,
        jtiSha256: hex('6'),
        kid: text,
        subject: text,
      },
      identity: text,
      issuerRef: text,
      namespace: text,
      node: text,
      nodeUid: text,
      pod,
      serviceAccount: text,
      serviceAccountUid: text,
      user: { groups: [text], name: text, uid: text },
    },
    onBehalfOf: { identity: text, node: text, pod },
    asked: {
      csrSignature: text,
      extensions: [text],
      impersonate: text,
      key,
      kind: text,
      sans: [text],
      signer: text,
      ttl: 3_600,
    },
    decision: {
      clamped: { from: 7_200, to: 3_600 },
      level: text,
      mode: text,
      permitted: { notAfter: '2026-11-22T00:00:00Z', notBefore: '2026-11-21T00:00:00Z', ttl: 3_600 },
      policy: text,
      policySetId: text,
      priority: 7,
      rule: text,
      wouldDecide: [text],
    },
    certificate: {
      eku: [text],
      identity: text,
      issuer: { certSha256: hex('7'), keyId: 'abcd', name: text, subject: text },
      key,
      ku: [text],
      notAfter: '2026-11-22T00:00:00.000Z',
      notBefore: '2026-11-21T00:00:00.000Z',
      profile: text,
      sans: [text, `dns:${text}`],
      serial: '0badcafe',
      sha256: hex('8'),
      signatureAlgorithm: text,
      subject: text,
      tbsSha256: hex('9'),
      ttl: 86_400,
    },
    certificateDer: 'MIIB',
    outside: { issuer: text, name: text, namespace: text, uid: text },
    revocation: { crlNumber: 12, effective: '2026-11-21T12:00:00Z', reason: text, requestedBy: text },
    key: {
      algorithm: text,
      attestation: hex('a'),
      attributes: { extractable: false, sensitive: true },
      keyId: text,
      label: text,
      spkiSha256: hex('b'),
      token: { firmware: text, label: text, model: text, serial: text, slot: 0 },
    },
    actor: { approvers: [text], method: text, mfa: true, user: text },
    change: {
      afterSha256: hex('c'),
      beforeSha256: hex('d'),
      content: { anything: [text] },
      diff: [text],
      digests: { [text]: hex('e') },
      kind: text,
      name: text,
      origin: text,
      size: 7,
      source: text,
      sourceSha256: hex('f'),
      ticket: text,
      vkey: text,
    },
    clock: { offsetMs: 3, source: text, synced: true },
    export: { count: 3, error: text, fromSeq: 1, lagMs: 1_000, sink: text, toSeq: 3 },
    prev: { intendedSeq: 3 },
    count: 3,
  };
}

/** An alert of a watch rule. */
export const alertEvent: AuditEvent = {
  type: 'detection.alert',
  id: '019aa6f3-5c00-7000-8000-3f1e5b0c7a21',
  outcome: 'success',
  message: 'one pod got certificates from two nodes, podUid b1c2',
  instance: { host: 'countersign-0', version: '0.1.0' },
  detection: {
    by: { cluster: 'east', podUid: 'b1c2' },
    count: 2,
    rule: 'pod-on-two-nodes',
    ruleSha256: hex('4'),
    seqs: [17, 40],
    severity: 'high',
    since: '2026-11-21T02:00:00.000Z',
    until: '2026-11-21T14:02:59.000Z',
    values: ['worker-1', 'worker-2'],
  },
};

/** A record with no member that it could do without. */
export function bareEvent(type: EventType, outcome: 'success' | 'denied' | 'failed'): AuditEvent {
  const reason = outcome === 'success' ? {} : { reason: 'policy.denied' };
  return { type, id: '0193b5c0-0000-7000-8000-0000000000bb', outcome, ...reason };
}

/** The record as an export gives it to a format. */
export function exported(event: AuditEvent, seq = 41): Exported {
  const octets = completeEntry(encodeEvent(event, 65_535), seq, '2026-11-21T14:03:00.125Z');
  return {
    entry: decodeEntry(octets),
    octets,
    leafHash: leafHash(octets),
    origin: 'log.example/mesh',
    checkpointSize: 1_000,
  };
}
