import { parseDuration } from '#document/scalars.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { ClusterRequestsConfig } from './sections/cluster-requests.ts';

export function resolveClusterRequests(
  {
    kubeconfig,
    context,
    trustBundles,
    signingRequests,
    certificateRequests,
    ...others
  }: NonNullable<ServerConfigText['clusterRequests']>,
  from: PathFrom,
): ClusterRequestsConfig {
  return {
    ...others,
    trustBundles: trustBundles === 'write',
    ...(kubeconfig !== undefined && {
      kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) },
    }),
    ...(signingRequests && { signingRequests: resolveSigning(signingRequests) }),
    ...(certificateRequests && {
      certificateRequests: {
        retryForMs: parseDuration(certificateRequests.retryFor) * 1000,
        signerNames: certificateRequests.signerNames === 'answer',
        approvesSignerNames: certificateRequests.signerNamesApproval === 'policy',
      },
    }),
  };
}

type SigningText = NonNullable<NonNullable<ServerConfigText['clusterRequests']>['signingRequests']>;

const resolveSigning = ({ root, approval, ...others }: SigningText) => ({
  ...others,
  appendRoot: root === 'append',
  approves: approval === 'policy',
});
