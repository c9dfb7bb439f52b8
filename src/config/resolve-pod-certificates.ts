import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { PodCertificatesConfig } from './server-config.ts';

type Written = NonNullable<ServerConfigText['podCertificates']>;

export function resolvePodCertificates(
  { kubeconfig, context, ...others }: Written,
  from: PathFrom,
): PodCertificatesConfig {
  return {
    ...others,
    ...(kubeconfig !== undefined && {
      kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) },
    }),
  };
}
