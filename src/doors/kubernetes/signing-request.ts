import type { ClusterRequester } from '#issuance/ports.ts';
import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { conditionsOf } from './conditions.ts';
import { objectText } from './object-text.ts';
import type { WaitingRequest } from './request-kind.ts';

/** A CertificateSigningRequest that waits for its signer, or for whoever decides whether it may. */
export interface SigningRequest extends WaitingRequest {
  readonly resourceVersion: string;
  /** False: nobody has approved or denied it. */
  readonly isApproved: boolean;
  /** Text of `spec.request`: one PEM PKCS#10, or what somebody took for one. */
  readonly csr: string;
  readonly signerName: string;
  /** Whom the API server says made it. */
  readonly requester: SigningRequester;
  readonly usages: readonly string[];
  /** Seconds; 0 where none are asked for. */
  readonly expirationSeconds: number;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** Anybody who may change the object writes these. */
  readonly annotations: Readonly<Record<string, string>>;
  /** As they are: a status that adds one has to repeat them. */
  readonly conditions: readonly KubernetesObject[];
}

/** `spec.username`, `uid`, `groups` and `extra`, as the API server knows whoever made it. */
export interface SigningRequester extends Omit<ClusterRequester, 'cluster'> {
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * What is asked; undefined once it is denied, failed or signed, and for one that nobody has decided about, unless we
 * approve: the API server itself holds nobody to that (kubernetes.md §2.4). Throws Error for what no API server lets
 * through.
 */
export function readSigningRequest(
  { metadata, spec, status }: KubernetesObject,
  { approves }: { readonly approves: boolean },
): SigningRequest | undefined {
  if (!isObject(metadata) || !isObject(spec)) throw new Error('it has no metadata or no spec');
  const conditions = conditionsOf(status);
  if (metadata.deletionTimestamp !== undefined || isSigned(status)) return undefined;
  if (has(conditions, 'Denied') || has(conditions, 'Failed')) return undefined;
  const isApproved = has(conditions, 'Approved');
  if (!isApproved && !(approves && isUndecided(conditions))) return undefined;
  return {
    namespace: '',
    name: objectText(metadata, 'name'),
    uid: objectText(metadata, 'uid'),
    resourceVersion: objectText(metadata, 'resourceVersion'),
    isApproved,
    csr: Buffer.from(objectText(spec, 'request'), 'base64').toString('latin1'),
    signerName: objectText(spec, 'signerName'),
    requester: {
      username: objectText(spec, 'username'),
      uid: typeof spec.uid === 'string' ? spec.uid : '',
      groups: Array.isArray(spec.groups) ? spec.groups.map(String) : [],
      extra: extraOf(spec.extra),
    },
    usages: Array.isArray(spec.usages) ? spec.usages.map(String) : [],
    expirationSeconds: typeof spec.expirationSeconds === 'number' ? Math.trunc(spec.expirationSeconds) : 0,
    annotations: textsOf(metadata.annotations),
    createdAt: Date.parse(objectText(metadata, 'creationTimestamp')),
    conditions,
  };
}

function extraOf(extra: unknown): Readonly<Record<string, readonly string[]>> {
  if (!isObject(extra)) return {};
  return Object.fromEntries(
    Object.entries(extra).map(([key, values]) => [key, Array.isArray(values) ? values.map(String) : []]),
  );
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

const isSigned = (status: unknown) =>
  isObject(status) && typeof status.certificate === 'string' && status.certificate !== '';

const has = (conditions: readonly KubernetesObject[], type: string) =>
  conditions.some((condition) => condition.type === type && condition.status === 'True');

/** An approver's word stands, whatever status it was given. */
const isUndecided = (conditions: readonly KubernetesObject[]) =>
  !conditions.some(({ type }) => type === 'Approved' || type === 'Denied');
