import type { IssuanceRequest } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { answerTo } from './pod-certificate-answer.ts';
import {
  type PodCertificateRequest,
  podCertificateVersions,
  readPodCertificateRequest,
} from './pod-certificate-request.ts';
import { deniedStatus, isStale, issuedStatus } from './pod-certificate-status.ts';
import type { RequestKind, Said, Verdict } from './request-kind.ts';

/** The API server lets no shorter window be asked for (kubernetes.md §3.2). */
const leastSeconds = 3_600;

export interface PodCertificatesOptions {
  /** Name of the cluster, in policies and records. */
  readonly cluster: string;
  readonly signerName: string;
  /** Name of the issuer; the default one unless told. */
  readonly issuer?: string;
}

/**
 * PodCertificateRequests of one signer (KEP-4317). The API knows no waiting state, and what kubelet is told to have
 * failed stays failed for the life of the pod.
 */
export function podCertificates(options: PodCertificatesOptions): RequestKind<PodCertificateRequest> {
  return {
    group: 'certificates.k8s.io',
    versions: podCertificateVersions,
    kind: 'PodCertificateRequest',
    plural: 'podcertificaterequests',
    fieldSelector: `spec.signerName=${options.signerName}`,
    writing: 'merge',
    looksAgain: false,
    read: readPodCertificateRequest,
    isOwnChange: () => false,
    verdict: verdictOn,
    attempt: (request) => attemptOf(request, options),
    issued: (_, handed, now) => ({ status: issuedStatus(handed, now) }),
    refused,
    isStale,
  };
}

function refused(_: PodCertificateRequest, refusal: Refusal, now: number): Said {
  const answer = answerTo(refusal);
  return typeof answer === 'string' ? answer : { status: deniedStatus(answer.denied, refusal.message, now) };
}

function attemptOf(
  { uid, stub = '', proof, maxExpirationSeconds, ...claim }: PodCertificateRequest,
  { cluster, issuer }: PodCertificatesOptions,
): IssuanceRequest {
  const { namespace, pod, serviceAccount, node, signerName } = claim;
  return {
    id: uid,
    door: 'pod-certificate',
    evidence: {
      authorization: [],
      clusterId: [],
      pod: { cluster, namespace, pod, serviceAccount, node, signerName },
    },
    csr: stub,
    ...(stub === '' && proof !== undefined && { proof }),
    wish: {
      // what the object says is the most that its pod takes; the policy's default decides below it
      ttl: 0n,
      span: { least: leastSeconds, most: maxExpirationSeconds },
      csrNames: 'none',
      ttlAbove: 'clamp',
      ...(issuer !== undefined && { signer: issuer }),
    },
  };
}

function verdictOn({ annotations: [first], stub, proof }: PodCertificateRequest, now: number): Verdict | undefined {
  const flaw = (reason: string, refusal: Refusal) => ({
    refusal,
    word: { status: deniedStatus(reason, refusal.message, now) },
  });
  if (stub === undefined && proof === undefined) {
    const sentence = 'it has no key: stubPKCS10Request is empty, and so is pkixPublicKey with its proofOfPossession';
    return flaw('InvalidRequest', new Refusal('csr.pem', sentence));
  }
  if (first === undefined) return undefined;
  const sentence = `userAnnotations: this signer knows none, and ${first.slice(0, 200)} is there`;
  return flaw('InvalidUnverifiedUserAnnotations', new Refusal('csr.attribute', sentence));
}
