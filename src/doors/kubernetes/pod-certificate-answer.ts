import type { Refusal, RefusalCode } from '#refusal/refusal.ts';

/**
 * What a refusal makes of a PodCertificateRequest. Kubelet takes Denied and Failed for the whole life of the pod: so
 * Denied is said only of what the pod's own request will never be given, and Failed never. `later`: tried again; `leave`:
 * not ours to answer, the collector takes it after fifteen minutes (kubernetes.md §3.5, §3.6).
 */
export type Answer = 'later' | 'leave' | { readonly denied: string };

const unsupportedKey = { denied: 'UnsupportedKeyType' };
const weakKey = { denied: 'WeakKey' };
const invalid = { denied: 'InvalidRequest' };
const byPolicy = { denied: 'PolicyDenied' };

const answers = {
  'authn.failed': 'leave',
  'authn.unavailable': 'later',
  'authn.impersonation': 'leave',
  'authz.role': 'leave',
  'request.malformed': invalid,
  'request.encoding': invalid,
  'request.too-large': invalid,
  'request.unknown': invalid,
  'request.method': invalid,
  'csr.too-large': invalid,
  'csr.pem': invalid,
  'csr.malformed': invalid,
  'csr.algorithm': invalid,
  'csr.signature': invalid,
  'csr.attribute': invalid,
  'csr.challenge-password': invalid,
  'csr.extension': invalid,
  'csr.subject': invalid,
  'csr.san': invalid,
  'key.malformed': invalid,
  'key.not-allowed': unsupportedKey,
  'key.weak.small-factor': weakKey,
  'key.weak.roca': weakKey,
  'key.weak.fermat': weakKey,
  'key.weak.power': weakKey,
  'key.weak.point': weakKey,
  'key.blocklisted': weakKey,
  'key.own': weakKey,
  'key.reused': weakKey,
  'identity.malformed': byPolicy,
  'identity.mismatch': byPolicy,
  'identity.trust-domain': byPolicy,
  'identity.pattern': byPolicy,
  'san.forbidden': byPolicy,
  'ttl.too-long': byPolicy,
  'ttl.too-short': byPolicy,
  'rate.exceeded': 'later',
  'fips.level': unsupportedKey,
  'policy.denied': byPolicy,
  // nobody has spoken of such requests yet: a policy for them may come within their life
  'policy.no-match': 'later',
  'policy.rule': byPolicy,
  'policy.error': 'later',
  'issuer.unavailable': 'later',
  'issuer.denied': 'later',
  'issuer.expired': 'later',
  'issuer.unknown': 'later',
  'profile.lint': 'later',
  'signer.unavailable': 'later',
  'signer.bad-signature': 'later',
  'log.unavailable': 'later',
  'clock.behind': 'later',
  overload: 'later',
  deadline: 'later',
  cancelled: 'later',
  draining: 'later',
  internal: 'later',
} as const satisfies Record<RefusalCode, Answer>;

export const answerTo = ({ code }: Refusal): Answer => answers[code];
