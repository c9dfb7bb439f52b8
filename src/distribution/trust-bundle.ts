import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { member, textAt } from './object.ts';

/** A ClusterTrustBundle, by the names that Istio's own charts mount unless told otherwise. */
export interface TrustBundleNames {
  /** `<signerName with ":" for "/">:<suffix>`, or free of ":" where there is no signer name. */
  readonly name: string;
  /** Empty: linked to no signer. */
  readonly signerName: string;
}

/** The object whose end is that of what was made for it: Kubernetes' own collector sees to that. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface OwnedTrustBundle extends TrustBundleNames {
  readonly owner?: Owner;
}

/** Versions of certificates.k8s.io that ever had the kind, newest first. */
export const trustBundleVersions = ['v1', 'v1beta1', 'v1alpha1'] as const;
export type TrustBundleVersion = (typeof trustBundleVersions)[number];

/** Throws RangeError for a name that the API server would refuse. */
export function checkTrustBundleName({ name, signerName }: TrustBundleNames): void {
  if (signerName === '') {
    if (name.includes(':')) throw new RangeError('without a signer name it must hold no ":"');
    return;
  }
  if (!/^[a-z0-9.-]+\/[a-z0-9./-]+$/i.test(signerName)) throw new RangeError('a signer name is DOMAIN/PATH');
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  const suffix = name.slice(prefix.length);
  if (!name.startsWith(prefix) || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(suffix)) {
    throw new RangeError(`with that signer name it must be ${prefix}SUFFIX`);
  }
}

export const bundleIn = (object: KubernetesObject): string => textAt(member(object, 'spec'), 'trustBundle') ?? '';

/** The object with our bundle; labels and annotations of others stay. Undefined where it is right. */
export function trustBundle(
  { name, signerName, owner }: OwnedTrustBundle,
  version: TrustBundleVersion,
  bundle: string,
  live: KubernetesObject | undefined,
): KubernetesObject | undefined {
  if (live !== undefined) {
    const metadata = member(live, 'metadata');
    const ownerReferences = owner && ownersAnew(metadata.ownerReferences, owner);
    if (bundleIn(live) === bundle && ownerReferences === undefined) return undefined;
    return {
      ...live,
      metadata: { ...metadata, ...(ownerReferences && { ownerReferences }) },
      spec: { ...member(live, 'spec'), trustBundle: bundle },
    };
  }
  return {
    apiVersion: `certificates.k8s.io/${version}`,
    kind: 'ClusterTrustBundle',
    metadata: { name, ...(owner && { ownerReferences: [owner] }) },
    spec: { ...(signerName !== '' && { signerName }), trustBundle: bundle },
  };
}

/**
 * Its owner may have been made anew under its name: then the collector would come for what is owned by the old one. Undefined
 * where nothing is to be changed; what somebody else has made has no owner from us.
 */
function ownersAnew(there: unknown, owner: Owner): readonly KubernetesObject[] | undefined {
  const owners = Array.isArray(there) ? there.filter(isObject) : [];
  const isFormer = ({ kind, name, uid }: KubernetesObject) =>
    kind === owner.kind && name === owner.name && uid !== owner.uid;
  return owners.some(isFormer) ? owners.map((each) => (isFormer(each) ? { ...owner } : each)) : undefined;
}
