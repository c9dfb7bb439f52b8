import type { IssuanceRequest } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseCsr } from '#x509/csr/parse.ts';
import { readPem } from '#x509/pem.ts';
import { rfc3339 } from './conditions.ts';
import { chainOf, hasEnded, rootOf } from './handed-chain.ts';
import type { RequestKind, Said, Verdict } from './request-kind.ts';
import { readSigningRequest, type SigningRequest } from './signing-request.ts';

export interface SigningRequestsOptions {
  /** Name of the cluster, in policies and records. */
  readonly cluster: string;
  readonly signerName: string;
  /** Name of the issuer; the default one unless told. */
  readonly issuer?: string;
  /** Whether the root stands at the end of the chain: istiod takes the last certificate for it (kubernetes.md §2.5). */
  readonly appendRoot: boolean;
}

/** An approved request that nobody answered is never collected: whoever asked has long gone (kubernetes.md §2.6), ms. */
export const longestWaitMs = 24 * 3_600_000;

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
    read: readSigningRequest,
    isOwnChange: () => false,
    verdict: verdictOn,
    attempt: (request) => attemptOf(request, options),
    issued: (_, handed) => ({
      status: { certificate: base64(chainOf(handed) + (options.appendRoot ? rootOf(handed) : '')) },
    }),
    refused,
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
  const { usages, createdAt } = request;
  const flaw = (reason: string, refusal: Refusal) => ({
    refusal,
    word: { status: failed(request, reason, refusal.message, now) },
  });
  const foreign = usages.find((usage) => !allowed.has(usage));
  if (foreign !== undefined || wanted.some((usage) => !usages.includes(usage))) {
    const sentence = `usages: a workload's certificate is for ${wanted.join(', ')} and perhaps key encipherment, no less and no more`;
    return flaw('UnsupportedUsages', new Refusal('csr.extension', sentence));
  }
  if (now - createdAt > longestWaitMs)
    return flaw('Expired', new Refusal('deadline', 'the request is older than a day: nobody waits for it any more'));
  return undefined;
}

/** Istiod's own table of reasons is empty: these are for whoever looks at the object. */
function refused(request: SigningRequest, refusal: Refusal, now: number): Said {
  const { code, remedy, message } = refusal;
  // nobody has spoken of such requests yet: a policy for them may come
  if (remedy !== 'fix-request' || code === 'policy.no-match') return 'later';
  return { status: failed(request, reasonOf(code), message, now) };
}

export function reasonOf(code: string): string {
  if (code.startsWith('authn.')) return 'NotPermitted';
  if (code.startsWith('csr.') || code.startsWith('request.')) return 'InvalidRequest';
  return code.startsWith('key.') ? 'UnsupportedKey' : 'PolicyDenied';
}

/** For good. A condition without times is never collected. */
export function failed({ conditions }: SigningRequest, reason: string, message: string, now: number): KubernetesObject {
  const time = rfc3339(now);
  const condition = { type: 'Failed', status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time };
  return { conditions: [...conditions, condition] };
}

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
