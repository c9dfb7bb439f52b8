import { hash } from 'node:crypto';
import { canonicalJson } from '#audit/canonical.ts';
import type { Json } from '#audit/event.ts';
import { type DayIssuer, issuers } from './issuers.ts';
import { keyOf } from './keys.ts';
import {
  type DeniedPlan,
  day,
  type IssuedPlan,
  notAfter,
  notBefore,
  type OtherPlan,
  policiesLoaded,
  type RevokedPlan,
  serialOf,
  setAt,
  timeOf,
  ztunnel,
} from './plan.ts';
import { setOfVersion } from './policies.ts';

type Members = { readonly [name: string]: Json | undefined };

const text = (seconds: number) => new Date(seconds * 1_000).toISOString();
const operator = { user: 'operator', method: 'file' };

/** The record at an index, and of an issuance a certificate that was signed for it. */
export function entryAt(n: number): Uint8Array {
  const planned = day[n];
  if (planned === undefined) throw new RangeError(`the day has no event ${n}`);
  return octetsOf(n, contentOf(planned));
}

/** A record with its place in the log. */
export function octetsOf(n: number, content: Members): Uint8Array {
  const id = `0193b5c0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
  const place = { v: 1, seq: n, time: new Date(timeOf(n)).toISOString(), id, instance: { bootId: 'day' } };
  return Buffer.from(canonicalJson({ outcome: 'success', ...place, ...content }));
}

function contentOf(planned: (typeof day)[number]): Members {
  switch (planned.what) {
    case 'issued':
      return issuedContent(planned);
    case 'denied':
      return deniedContent(planned);
    case 'revoked':
      return revokedContent(planned);
    case 'other':
      return { type: planned.type, ...otherContent(planned) };
  }
}

function asking(plan: IssuedPlan | DeniedPlan): Members {
  const { identity, namespace, account, node, pod, token, cluster, n } = plan;
  const own = { identity, namespace, serviceAccount: account, pod: { name: pod, uid: `uid-${pod}` } };
  const agent = { identity: ztunnel, namespace: 'istio-system', serviceAccount: 'ztunnel' };
  const acts = plan.what === 'issued' && plan.byZtunnel;
  const key = keyOf(plan.key);
  return {
    door: 'istio',
    peer: { ip: `10.0.${n % 250}.9`, port: 40_000 },
    request: { id: `request-${n}`, bytes: 600, sha256: hash('sha256', `csr ${n}`, 'hex') },
    caller: {
      authenticator: 'k8s-token',
      cluster,
      node,
      credential: { jti: token, kid: 'k1', issuer: 'https://kubernetes.default.svc' },
      ...(acts ? agent : own),
    },
    ...(acts && { onBehalfOf: { identity, node, pod: own.pod } }),
    asked: {
      above: 'clamp',
      names: 'exact',
      csrSignature: key.kind === 'ed25519' ? 'ed25519' : 'ecdsa-sha256',
      extensions: ['2.5.29.17'],
      key: { kind: key.kind, spkiSha256: key.spkiSha256 },
      sans: [`uri:${identity}`],
      ttl: 0,
      ...(acts && { impersonate: identity }),
    },
  };
}

export function issuedContent(plan: IssuedPlan, by: DayIssuer = issuers[plan.issuer]): Members {
  const key = keyOf(plan.key);
  const times = { notBefore: notBefore(plan), notAfter: notAfter(plan) };
  const serial = serialOf(plan.n);
  const { tbs, der } = by.issue({
    serial: Buffer.from(serial, 'hex'),
    ...times,
    spki: key.spki,
    subjectKeyId: key.keyId,
    keyUsage: 'digitalSignature',
    uri: plan.identity,
  });
  const { id } = setOfVersion(setAt(plan.n));
  const priority = { mesh: 1, slow: 2, pay: 3 }[plan.policy];
  return {
    type: 'certificate.issued',
    ...asking(plan),
    decision: {
      mode: 'enforce',
      policy: plan.policy,
      policySetId: id,
      priority,
      ...(plan.policy === 'pay' && { level: 'fips' }),
    },
    certificate: {
      eku: ['serverAuth', 'clientAuth'],
      identity: plan.identity,
      issuer: { certSha256: by.certSha256, keyId: by.keyId, name: by.name },
      key: { kind: key.kind, spkiSha256: key.spkiSha256 },
      ku: ['digitalSignature'],
      notAfter: text(times.notAfter),
      notBefore: text(times.notBefore),
      sans: [plan.identity],
      serial,
      sha256: hash('sha256', der, 'hex'),
      signatureAlgorithm: 'ecdsa-sha256',
      tbsSha256: hash('sha256', tbs, 'hex'),
      ttl: plan.ttl,
    },
    certificateDer: Buffer.from(der).toString('base64'),
  };
}

function deniedContent(plan: DeniedPlan): Members {
  return {
    type: 'certificate.denied',
    outcome: 'denied',
    reason: plan.reason,
    message: 'it was not to be',
    ...(plan.count > 1 && { count: plan.count }),
    ...asking(plan),
    decision: { policySetId: setOfVersion(setAt(plan.n)).id },
  };
}

function revokedContent({ n, of }: RevokedPlan): Members {
  const victim = day[of];
  if (victim?.what !== 'issued') throw new RangeError(`event ${of} is no issuance`);
  const { keyId } = issuers[victim.issuer];
  return {
    type: 'certificate.revoked',
    actor: operator,
    certificate: { issuer: { keyId }, serial: serialOf(of), identity: victim.identity },
    revocation: { reason: 'superseded', effective: new Date(timeOf(n)).toISOString(), requestedBy: 'operator' },
    change: { ticket: `T-${n}` },
  };
}

function otherContent({ n, type }: OtherPlan): Members {
  if (type === 'config.loaded')
    return { actor: operator, change: { kind: 'config', content: { trustDomain: 'cluster.local' } } };
  if (policiesLoaded(n)) return loaded(n);
  if (type === 'issuer.installed') return installed(n === 3 ? issuers.mesh : issuers.spare);
  if (type === 'crl.published')
    return { certificate: { issuer: { keyId: issuers.mesh.keyId } }, revocation: { crlNumber: n } };
  if (type === 'key.generated') return { key: { label: 'root', token: { serial: 'hsm-1' } }, actor: operator };
  if (type === 'admin.denied')
    return { actor: operator, outcome: 'denied', reason: 'authz.role', message: 'this needs one of the roles auditor' };
  if (type === 'admin.login' || type === 'admin.action') return { actor: operator, door: 'admin' };
  if (type === 'ceremony.step') return { actor: { ...operator, approvers: ['alice', 'bob'] }, message: 'the root' };
  if (type === 'log.checkpoint-failed' || type === 'hsm.lost' || type === 'service.degraded')
    return { outcome: 'failed', reason: 'internal', message: 'it went away' };
  return {};
}

function loaded(n: number): Members {
  const version = setAt(n + 1);
  const { id, documents } = setOfVersion(version);
  const content: Json = JSON.parse(
    JSON.stringify(Object.fromEntries(documents.map(({ content: each }) => [each.metadata.name, each] as const))),
  );
  const before = version === 0 ? {} : { beforeSha256: setOfVersion(version - 1).id };
  return { actor: operator, change: { kind: 'policy-set', afterSha256: id, ...before, content } };
}

function installed({ name, keyId, certSha256, window, certificate }: DayIssuer): Members {
  return {
    key: { algorithm: 'ec:P-256' },
    certificate: {
      issuer: { name, keyId, certSha256 },
      notBefore: text(window.notBefore),
      notAfter: text(window.notAfter),
      pathLength: 0,
      profile: { id: 'x509-svid-v1', sha256: 'ab'.repeat(32) },
      signatureAlgorithm: 'ecdsa-sha256',
    },
    certificateDer: Buffer.from(certificate.der).toString('base64'),
  };
}
