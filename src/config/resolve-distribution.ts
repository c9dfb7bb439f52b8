import { parseDuration } from '#document/scalars.ts';
import { annotationsOf } from './annotations.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { DistributionConfig, IstiodCertificateConfig } from './sections/distribution.ts';

type Written = NonNullable<ServerConfigText['distribution']>;

export function resolveDistribution(content: Written, from: PathFrom): DistributionConfig {
  const { kubeconfig, context, lease, rootConfigMap, crlConfigMap, clusterTrustBundle, istiod } = content;
  const { enabled, name, key, namespaceSelector = '' } = rootConfigMap;
  return {
    ...(kubeconfig !== undefined && {
      kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) },
    }),
    lease,
    ...(enabled && { rootConfigMap: { name, key, namespaceSelector } }),
    ...(crlConfigMap !== undefined && {
      crlConfigMap: { ...crlConfigMap, namespaceSelector: crlConfigMap.namespaceSelector ?? '' },
    }),
    ...(clusterTrustBundle !== undefined && { clusterTrustBundle: trustBundleNames(clusterTrustBundle) }),
    ...(istiod !== undefined && { istiod: resolveIstiod(istiod) }),
  };
}

/** `none` stands for no signer: a text in the file is never empty. */
export function trustBundleNames({ name, signerName }: { readonly name: string; readonly signerName: string }) {
  return { name, signerName: signerName === 'none' ? '' : signerName };
}

function resolveIstiod({ lifetime, certificate, ...others }: NonNullable<Written['istiod']>): IstiodCertificateConfig {
  return {
    ...others,
    lifetimeSeconds: parseDuration(lifetime),
    ...(certificate !== undefined && {
      certificate: { name: certificate.name, annotations: annotationsOf(certificate.annotations) },
    }),
  };
}
