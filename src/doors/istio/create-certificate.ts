import type { Attempt, Issuance, IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type CertificateRequest, decodeCertificateRequest } from './certificate-request.ts';
import { ResponseEncoder } from './certificate-response.ts';
import type { CallContext, UnaryMethod } from './method.ts';
import { MalformedMessage } from './protobuf.ts';
import type { Dialect } from './status.ts';

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

interface Manners {
  readonly dialect: Dialect;
  /** Longest lifetime given here; absent, policies decide alone. */
  readonly maxLifetimeSeconds?: number;
}

/** `IstioCertificateService/CreateCertificate` as a turn of the one sequence. */
export function createCertificate(issuance: Issuance, manners: Manners): UnaryMethod {
  const encoder = new ResponseEncoder();
  return {
    kind: 'unary',
    async handle(message, context, signal) {
      const request = decode(message);
      if (request instanceof Refusal) throw await issuance.refuse(attemptOf(context), request);
      const issued = await issuance.issue(toIssuance(request, context, manners), signal);
      return encoder.encode(issued.facts);
    },
    turnedAway: (context, refusal) => issuance.refuse(attemptOf(context), refusal),
  };
}

function decode(message: Buffer): CertificateRequest | Refusal {
  try {
    return decodeCertificateRequest(message);
  } catch (thrown) {
    if (!(thrown instanceof MalformedMessage)) throw thrown;
    return new Refusal('request.malformed', `the request is not an IstioCertificateRequest: ${thrown.message}`);
  }
}

function attemptOf({ id, evidence, traceparent }: CallContext): Attempt {
  return { id, door: 'istio', evidence, ...(traceparent !== undefined && { traceparent }) };
}

function toIssuance(
  request: CertificateRequest,
  context: CallContext,
  { dialect, maxLifetimeSeconds }: Manners,
): IssuanceRequest {
  return {
    ...attemptOf(context),
    csr: request.csr,
    wish: {
      ttl: request.validityDuration,
      ...(maxLifetimeSeconds !== undefined && { ttlAtMost: maxLifetimeSeconds }),
      csrNames: dialect === 'istiod' ? 'ignore' : 'exact',
      ttlAbove: dialect === 'istiod' ? 'reject' : 'clamp',
      ...(request.certSigner !== '' && { signer: request.certSigner }),
      ...(request.impersonatedIdentity !== '' && { impersonate: request.impersonatedIdentity }),
    },
  };
}
