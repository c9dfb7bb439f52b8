import type { Refusal, RefusalCode } from '#refusal/refusal.ts';

/** Whose answers the door gives (contract §3.2): istiod's own CA, or cert-manager's istio-csr. */
export type Dialect = 'istiod' | 'istio-csr';

/** gRPC status codes that this door produces (gRPC core, "Status codes and their use"). */
export const grpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
type GrpcCode = (typeof grpcCode)[keyof typeof grpcCode];

export interface GrpcStatus {
  readonly code: GrpcCode;
  readonly message: string;
}

/**
 * What a refusal is to the asker. `unproven`: who asks is not known. `not-theirs`: they act for whom they may not. `csr`: the request's bytes or key are bad.
 * `policy`: the request is fine and not permitted. `busy`: come back, we are full. `down`: come back, a part of us
 * is away. `broken`: an operator must look. `malformed`: the bytes are not a request,
 * `encoding`: they are in a form that this door does not take.
 */
type Kind =
  | 'unproven'
  | 'not-theirs'
  | 'csr'
  | 'policy'
  | 'busy'
  | 'down'
  | 'broken'
  | 'gone'
  | 'malformed'
  | 'encoding';

const kinds: Readonly<Record<RefusalCode, Kind>> = {
  'authn.failed': 'unproven',
  'authn.unavailable': 'down',
  'authn.impersonation': 'not-theirs',
  'authz.role': 'policy',
  'request.malformed': 'malformed',
  'request.encoding': 'encoding',
  'request.unknown': 'malformed',
  'request.method': 'malformed',
  // gRPC's own answer to a message that is too large
  'request.too-large': 'busy',
  'csr.too-large': 'csr',
  'csr.pem': 'csr',
  'csr.malformed': 'csr',
  'csr.algorithm': 'csr',
  'csr.signature': 'csr',
  'csr.attribute': 'csr',
  'csr.challenge-password': 'csr',
  'csr.extension': 'csr',
  'csr.subject': 'csr',
  'csr.san': 'csr',
  'key.malformed': 'csr',
  'key.not-allowed': 'csr',
  'key.weak.small-factor': 'csr',
  'key.weak.roca': 'csr',
  'key.weak.fermat': 'csr',
  'key.weak.power': 'csr',
  'key.weak.point': 'csr',
  'key.blocklisted': 'csr',
  'key.own': 'csr',
  'key.reused': 'csr',
  'identity.malformed': 'csr',
  'identity.mismatch': 'csr',
  'identity.trust-domain': 'policy',
  'identity.pattern': 'policy',
  'san.forbidden': 'csr',
  'ttl.too-long': 'csr',
  'ttl.too-short': 'csr',
  'rate.exceeded': 'busy',
  'fips.level': 'policy',
  'policy.denied': 'policy',
  'policy.no-match': 'policy',
  'policy.rule': 'policy',
  'policy.error': 'broken',
  'issuer.unavailable': 'down',
  'issuer.denied': 'broken',
  'issuer.expired': 'broken',
  'issuer.unknown': 'csr',
  'profile.lint': 'broken',
  'signer.unavailable': 'down',
  'signer.bad-signature': 'broken',
  'log.unavailable': 'down',
  'clock.behind': 'down',
  overload: 'busy',
  deadline: 'down',
  cancelled: 'gone',
  draining: 'down',
  internal: 'broken',
};

const authenticationFailed = 'request authenticate failure';
const impersonationFailed = 'request impersonation authentication failure';

/**
 * The one table from refusals to gRPC. Agents retry Internal, Unavailable and ResourceExhausted fast, and nothing
 * else (contract §3.6): so what a retry cannot mend is never one of them, and our own deadline never DeadlineExceeded.
 * `id` names the request where a person will want to look it up: in a refusal by policy, in a fault of ours.
 */
export function statusOf(refusal: Refusal, dialect: Dialect, id: string): GrpcStatus {
  switch (kinds[refusal.code]) {
    case 'unproven':
      return { code: grpcCode.unauthenticated, message: authenticationFailed };
    case 'not-theirs':
      return {
        code: grpcCode.unauthenticated,
        message: dialect === 'istiod' ? impersonationFailed : authenticationFailed,
      };
    case 'csr':
      return dialect === 'istiod'
        ? { code: grpcCode.invalidArgument, message: `CSR signing error (${refusal.message})` }
        : { code: grpcCode.unauthenticated, message: authenticationFailed };
    case 'policy':
      return dialect === 'istiod'
        ? { code: grpcCode.permissionDenied, message: `${refusal.message} (request ${id})` }
        : { code: grpcCode.unauthenticated, message: authenticationFailed };
    case 'busy':
      return { code: grpcCode.resourceExhausted, message: refusal.message };
    case 'down':
      return { code: grpcCode.unavailable, message: downMessage(refusal) };
    case 'broken':
      return {
        code: grpcCode.internal,
        message:
          dialect === 'istiod'
            ? `CSR signing error (${refusal.message}; request ${id})`
            : 'failed to sign certificate request',
      };
    case 'malformed':
      return { code: grpcCode.invalidArgument, message: refusal.message };
    case 'encoding':
      return { code: grpcCode.unimplemented, message: refusal.message };
    case 'gone':
      return { code: grpcCode.cancelled, message: 'the caller went away' };
  }
}

/** Which back end of authentication is away is a reason, and reasons are for the log (contract §7, 36). */
function downMessage(refusal: Refusal): string {
  return refusal.code === 'authn.unavailable' ? 'authentication is unavailable, try again' : refusal.message;
}
