import type { KubernetesObject } from '#kubernetes/api.ts';
import { member, textAt } from './object.ts';

/** A ClusterTrustBundle, by the names that Istio's own charts mount unless told otherwise. */
export interface TrustBundleNames {
  /** `<signerName with ":" for "/">:<suffix>`, or free of ":" where there is no signer name. */
  readonly name: string;
  /** Empty: linked to no signer. */
  readonly signerName: string;
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
  { name, signerName }: TrustBundleNames,
  version: TrustBundleVersion,
  bundle: string,
  live: KubernetesObject | undefined,
): KubernetesObject | undefined {
  if (live !== undefined) {
    return bundleIn(live) === bundle ? undefined : { ...live, spec: { ...member(live, 'spec'), trustBundle: bundle } };
  }
  return {
    apiVersion: `certificates.k8s.io/${version}`,
    kind: 'ClusterTrustBundle',
    metadata: { name },
    spec: { ...(signerName !== '' && { signerName }), trustBundle: bundle },
  };
}
