import type { ClaimedObject } from '#issuance/ports.ts';
import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { KeyProof } from '#x509/csr/proven-key.ts';
import { toPem } from '#x509/pem.ts';
import { objectText } from './object-text.ts';
import type { WaitingRequest } from './request-kind.ts';

/** Versions of certificates.k8s.io that have the kind with a stub request in it, newest first (kubernetes.md §3.1). */
export const podCertificateVersions = ['v1', 'v1beta1'] as const;

/** A PodCertificateRequest that waits for its signer. */
export interface PodCertificateRequest extends WaitingRequest {
  readonly signerName: string;
  readonly pod: ClaimedObject;
  readonly serviceAccount: ClaimedObject;
  readonly node: ClaimedObject;
  /** Seconds that the whole window of the certificate may have. */
  readonly maxExpirationSeconds: number;
  /** PEM of the stub PKCS#10; undefined where there is none. */
  readonly stub: string | undefined;
  /** As kubelets before 1.36 make it; undefined where there is none. */
  readonly proof: KeyProof | undefined;
  /** Keys of what the author of the pod asked for, unverified. */
  readonly annotations: readonly string[];
}

/**
 * What is asked; undefined for one that is answered already, or that its maker took back. Throws Error for what no API
 * server lets through.
 */
export function readPodCertificateRequest({
  metadata,
  spec,
  status,
}: KubernetesObject): PodCertificateRequest | undefined {
  if (!isObject(metadata) || !isObject(spec)) throw new Error('it has no metadata or no spec');
  if (metadata.deletionTimestamp !== undefined || isAnswered(status)) return undefined;
  return {
    namespace: objectText(metadata, 'namespace'),
    name: objectText(metadata, 'name'),
    uid: objectText(metadata, 'uid'),
    signerName: objectText(spec, 'signerName'),
    pod: named(spec, 'pod'),
    serviceAccount: named(spec, 'serviceAccount'),
    node: named(spec, 'node'),
    maxExpirationSeconds: seconds(spec.maxExpirationSeconds),
    stub: stubOf(spec.stubPKCS10Request),
    proof: proofOf(spec),
    annotations: isObject(spec.unverifiedUserAnnotations) ? Object.keys(spec.unverifiedUserAnnotations) : [],
  };
}

/** Issued, Denied or Failed: no other condition exists, and after one of them the status cannot change. */
function isAnswered(status: unknown): boolean {
  return isObject(status) && Array.isArray(status.conditions) && status.conditions.length > 0;
}

const named = (spec: KubernetesObject, what: string): ClaimedObject => ({
  name: objectText(spec, `${what}Name`),
  uid: objectText(spec, `${what}UID`),
});

function seconds(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error('maxExpirationSeconds is no number of seconds');
  return value;
}

/** The key, and its signature over the UID of the pod (kubernetes.md §3.2). */
function proofOf({ pkixPublicKey, proofOfPossession, podUID }: KubernetesObject): KeyProof | undefined {
  const [key, signature, uid] = [pkixPublicKey, proofOfPossession, podUID];
  if (typeof key !== 'string' || key === '' || typeof signature !== 'string' || typeof uid !== 'string')
    return undefined;
  return {
    spki: Buffer.from(key, 'base64'),
    message: Buffer.from(uid, 'ascii'),
    signature: Buffer.from(signature, 'base64'),
  };
}

function stubOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return toPem('CERTIFICATE REQUEST', Buffer.from(value, 'base64'));
}
