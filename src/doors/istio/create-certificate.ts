import type { Issuance, IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type CertificateRequest, decodeCertificateRequest } from './certificate-request.ts';
import { ResponseEncoder } from './certificate-response.ts';
import type { CallContext, UnaryMethod } from './method.ts';
import { MalformedMessage } from './protobuf.ts';
import type { Dialect } from './status.ts';

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** `IstioCertificateService/CreateCertificate` as a turn of the one sequence. */
export function createCertificate(issuance: Issuance, dialect: Dialect): UnaryMethod {
  const encoder = new ResponseEncoder();
  return {
    kind: 'unary',
    async handle(message, context, signal) {
      const issued = await issuance.issue(toIssuance(decode(message), context, dialect), signal);
      return encoder.encode(issued.facts);
    },
  };
}

function decode(message: Buffer): CertificateRequest {
  try {
    return decodeCertificateRequest(message);
  } catch (thrown) {
    if (!(thrown instanceof MalformedMessage)) throw thrown;
    throw new Refusal('csr.malformed', `the request is not an IstioCertificateRequest: ${thrown.message}`);
  }
}

function toIssuance(request: CertificateRequest, context: CallContext, dialect: Dialect): IssuanceRequest {
  return {
    id: context.id,
    door: 'istio',
    evidence: context.evidence,
    csr: request.csr,
    wish: {
      ttl: request.validityDuration,
      csrNames: dialect === 'istiod' ? 'ignore' : 'exact',
      ttlAbove: dialect === 'istiod' ? 'reject' : 'clamp',
      ...(request.certSigner !== '' && { signer: request.certSigner }),
      ...(request.impersonatedIdentity !== '' && { impersonate: request.impersonatedIdentity }),
    },
    ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
  };
}
