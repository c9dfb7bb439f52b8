import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { type Condition, conditionsOf, readCondition } from './conditions.ts';
import { issuerGroup, issuerKinds } from './issuer-resource.ts';
import { objectText } from './object-text.ts';
import type { WaitingRequest } from './request-kind.ts';

/** A CertificateRequest of cert-manager that names an issuer of ours, is approved or denied, and has no end yet. */
export interface CertificateRequest extends WaitingRequest {
  readonly resourceVersion: string;
  /** The issuer that it names, among all in the cluster: `issuers/NAMESPACE/NAME` or `clusterissuers/NAME`. */
  readonly issuerRef: string;
  /** Text of `spec.request`: one PEM PKCS#10, or what somebody took for one. */
  readonly csr: string;
  /** As cert-manager's webhook recorded it; where there is no webhook, as whoever made the object likes. */
  readonly user: { readonly name: string; readonly uid: string; readonly groups: readonly string[] } | undefined;
  readonly usages: readonly string[];
  readonly isCA: boolean;
  /** In Go's form; undefined where none is asked for. */
  readonly duration: string | undefined;
  /** What an approver that denied it said. */
  readonly denied: string | undefined;
  readonly ready: Condition | undefined;
  readonly failureTime: string | undefined;
  /** `status.certificate`, as text; empty while there is none. */
  readonly certificate: string;
}

const ends: ReadonlySet<string> = new Set(['Issued', 'Failed', 'Denied']);

/**
 * What is asked; undefined for what is not ours, taken back, neither approved nor denied, or ended (kubernetes.md §1.2).
 * Denied counts before approved: without cert-manager's webhook one can be both. Throws Error for what its definition
 * lets nobody write.
 */
export function readCertificateRequest({ metadata, spec, status }: KubernetesObject): CertificateRequest | undefined {
  if (!isObject(metadata) || !isObject(spec)) throw new Error('it has no metadata or no spec');
  const namespace = objectText(metadata, 'namespace');
  const issuerRef = issuerRefOf(spec.issuerRef, namespace);
  if (issuerRef === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const conditions = conditionsOf(status);
  const isTrue = (type: string) => conditions.find((each) => each.type === type && each.status === 'True');
  const found = conditions.find(({ type }) => type === 'Ready');
  const ready = found && readCondition(found);
  if (isTrue('InvalidRequest') !== undefined || ends.has(ready?.reason ?? '')) return undefined;
  const denied = isTrue('Denied');
  if (denied === undefined && isTrue('Approved') === undefined) return undefined;
  return {
    namespace,
    name: objectText(metadata, 'name'),
    uid: objectText(metadata, 'uid'),
    resourceVersion: objectText(metadata, 'resourceVersion'),
    issuerRef,
    csr: decoded(spec.request),
    user: userOf(spec),
    usages: Array.isArray(spec.usages) ? spec.usages.map(String) : [],
    isCA: spec.isCA === true,
    duration: typeof spec.duration === 'string' && spec.duration !== '' ? spec.duration : undefined,
    denied: denied && (String(denied.message ?? '') || 'an approver denied it'),
    ready,
    failureTime: isObject(status) && typeof status.failureTime === 'string' ? status.failureTime : undefined,
    certificate: isObject(status) ? decoded(status.certificate) : '',
  };
}

/** To cert-manager an empty kind is Issuer; an empty group is its own. */
function issuerRefOf(ref: unknown, namespace: string): string | undefined {
  if (!isObject(ref) || ref.group !== issuerGroup || typeof ref.name !== 'string') return undefined;
  const wanted = ref.kind === undefined || ref.kind === '' ? 'Issuer' : ref.kind;
  const kind = issuerKinds.find((each) => each.kind === wanted);
  return kind && issuerKey(kind.plural, kind.scope === 'Cluster' ? '' : namespace, ref.name);
}

/** `issuers/NAMESPACE/NAME`, or `clusterissuers/NAME` where there is no namespace. */
export const issuerKey = (plural: string, namespace: string, name: string): string =>
  namespace === '' ? `${plural}/${name}` : `${plural}/${namespace}/${name}`;

/** As people call it: `Issuer mesh`, of the namespace of who asks, or `ClusterIssuer mesh`. */
export function issuerNamed(key: string): string {
  const [plural = '', ...rest] = key.split('/');
  const described = issuerKinds.find((each) => each.plural === plural);
  return `${described?.kind ?? plural} ${rest.slice(described?.scope === 'Cluster' ? 0 : 1).join('/')}`;
}

function userOf({ username, uid, groups }: KubernetesObject): CertificateRequest['user'] {
  if (typeof username !== 'string' || username === '') return undefined;
  return {
    name: username,
    uid: typeof uid === 'string' ? uid : '',
    groups: Array.isArray(groups) ? groups.map(String) : [],
  };
}

const decoded = (value: unknown) => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('latin1') : '');
