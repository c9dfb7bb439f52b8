import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { PodCertificatesConfig, SigningRequestsConfig } from './server-config.ts';

export function resolvePodCertificates(
  { kubeconfig, context, ...others }: NonNullable<ServerConfigText['podCertificates']>,
  from: PathFrom,
): PodCertificatesConfig {
  return { ...others, ...kubeconfigFile(kubeconfig, context, from) };
}

export function resolveSigningRequests(
  { kubeconfig, context, root, ...others }: NonNullable<ServerConfigText['signingRequests']>,
  from: PathFrom,
): SigningRequestsConfig {
  return { ...others, appendRoot: root === 'append', ...kubeconfigFile(kubeconfig, context, from) };
}

function kubeconfigFile(kubeconfig: string | undefined, context: string | undefined, from: PathFrom) {
  if (kubeconfig === undefined) return {};
  return { kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) } };
}
