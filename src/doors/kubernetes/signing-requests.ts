import type { IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseCsr } from '#x509/csr/parse.ts';
import { readPem } from '#x509/pem.ts';
import { chainOf, hasEnded, rootOf } from './handed-chain.ts';
import type { RequestKind, Said, Verdict } from './request-kind.ts';
import { readSigningRequest, type SigningRequest } from './signing-request.ts';
import { approving, reasonOf, refusedFor, tooOld } from './signing-request-status.ts';

export interface SigningRequestsOptions {
  /** Name of the cluster, in policies and records. */
  readonly cluster: string;
  readonly signerName: string;
  /** Name of the issuer; the default one unless told. */
  readonly issuer?: string;
  /** Whether the root stands at the end of the chain: istiod takes the last certificate for it (kubernetes.md §2.5). */
  readonly appendRoot: boolean;
  /** Whether policy approves what nobody else has decided about. */
  readonly approves: boolean;
}

/**
 * CertificateSigningRequests of one signer, by which a registration authority such as istiod has the identities certified
 * that it vouches for. Whoever waits looks only at the certificate, and for a minute.
 */
export function signingRequests(options: SigningRequestsOptions): RequestKind<SigningRequest> {
  return {
    group: 'certificates.k8s.io',
    versions: ['v1'],
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    fieldSelector: `spec.signerName=${options.signerName}`,
    writing: 'merge',
    looksAgain: false,
    read: (object) => {
      const request = readSigningRequest(object, options);
      // whatever the API server makes of the selector
      return request?.signerName === options.signerName ? request : undefined;
    },
    isOwnChange: () => false,
    verdict: verdictOn,
    attempt: (request) => attemptOf(request, options),
    issued: (_, handed) => ({
      status: { certificate: base64(chainOf(handed) + (options.appendRoot ? rootOf(handed) : '')) },
    }),
    refused,
    approving,
    isStale: hasEnded,
  };
}

function attemptOf(request: SigningRequest, { cluster, issuer }: SigningRequestsOptions): IssuanceRequest {
  const { uid, csr, requester, expirationSeconds } = request;
  const impersonate = identityIn(csr);
  return {
    id: uid,
    door: 'kubernetes-csr',
    evidence: { authorization: [], clusterId: [], requester: { ...requester, cluster } },
    csr,
    wish: {
      ttl: BigInt(expirationSeconds),
      csrNames: 'exact',
      ttlAbove: 'clamp',
      ...(impersonate !== undefined && { impersonate }),
      ...(issuer !== undefined && { signer: issuer }),
    },
  };
}

/** The identity that the CSR names; undefined for none, and for what is no CSR: then the sequence says so. */
function identityIn(csr: string): string | undefined {
  try {
    const { attributes } = parseCsr(readPem(csr, ['CERTIFICATE REQUEST']));
    return attributes.extensions.sans.find(({ kind }) => kind === 'uri')?.value;
  } catch {
    return undefined;
  }
}

const wanted = ['digital signature', 'server auth', 'client auth'];
const allowed: ReadonlySet<string> = new Set([...wanted, 'key encipherment']);

function verdictOn(request: SigningRequest, now: number): Verdict | undefined {
  const late = tooOld(request, now);
  if (late !== undefined) return late;
  const { usages } = request;
  const foreign = usages.find((usage) => !allowed.has(usage));
  if (foreign !== undefined || wanted.some((usage) => !usages.includes(usage))) {
    const sentence = `usages: a workload's certificate is for ${wanted.join(', ')} and perhaps key encipherment, no less and no more`;
    return {
      refusal: new Refusal('csr.extension', sentence),
      word: refusedFor(request, 'UnsupportedUsages', sentence, now),
    };
  }
  return undefined;
}

function refused(request: SigningRequest, refusal: Refusal, now: number): Said {
  const { code, remedy, message } = refusal;
  // nobody has spoken of such requests yet: a policy for them may come
  if (remedy !== 'fix-request' || code === 'policy.no-match') return 'later';
  return refusedFor(request, reasonOf(code), message, now);
}

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
