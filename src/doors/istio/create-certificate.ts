import type { Attempt, Issuance, IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type CertificateRequest, decodeCertificateRequest } from './certificate-request.ts';
import { ResponseEncoder } from './certificate-response.ts';
import type { CallContext, Reply, UnaryMethod } from './method.ts';
import { MalformedMessage } from './protobuf.ts';
import type { Dialect } from './status.ts';

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** Where proofs of the log come from: a whole `.tlog-proof` for an index, once a checkpoint covers it. */
export interface Proofs {
  of(leafIndex: number, signal: AbortSignal): Promise<string>;
}

/** How long an answer waits for its proof, ms; the log publishes twice a second. */
const proofPatience = 3_000;

interface Manners {
  /** Absent, nobody gets a proof with a certificate. */
  readonly proofs?: Proofs;
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
      const frame = encoder.encode(issued.facts);
      if (context.wantsProof !== true || manners.proofs === undefined) return { frame };
      return await withProof(frame, issued.facts.leafIndex, manners.proofs, signal);
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

/** The certificate is issued whatever becomes of its proof, which can be had later as well: it goes out without. */
async function withProof(frame: Buffer, leafIndex: number, proofs: Proofs, signal: AbortSignal): Promise<Reply> {
  try {
    const proof = await proofs.of(leafIndex, AbortSignal.any([signal, AbortSignal.timeout(proofPatience)]));
    return { frame, trailers: { 'countersign-tlog-proof-bin': Buffer.from(proof).toString('base64') } };
  } catch {
    return { frame };
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
