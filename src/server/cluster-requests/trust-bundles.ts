import type { LiveIssuers } from '#authority/issuers.ts';
import type { ClusterRequestsConfig } from '#config/server-config.ts';
import { ClusterTrustBundle } from '#distribution/cluster-trust-bundle.ts';
import type { QueueName } from '#distribution/writer.ts';
import type { KubernetesApi } from '#kubernetes/api.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { Foundation } from '../foundation.ts';
import type { Answered } from './kinds.ts';

export interface TrustBundlesOptions {
  readonly foundation: Foundation;
  readonly api: KubernetesApi;
  readonly wanted: ClusterRequestsConfig;
  readonly issuers: LiveIssuers;
  readonly term: () => AbortSignal | undefined;
}

/** A ClusterTrustBundle linked to each signer that is named in the configuration, kept to the roots in force. */
export function keepTrustBundles({ foundation, api, wanted, issuers, term }: TrustBundlesOptions): readonly Answered[] {
  if (!wanted.trustBundles) return [];
  const { logger, metrics } = foundation;
  const around = {
    ...{ api, term, pace: systemPace },
    bundle: () => issuers.roots(),
    observer: {
      wrote: () => undefined,
      told: (level: 'info' | 'warn', component: string, reason: string) =>
        logger.log(level, 'requests of the cluster', { component, reason }),
    },
    queueObserver: (name: QueueName) => metrics.queues.of(name),
  };
  const signers = [wanted.podCertificates?.signerName, wanted.signingRequests?.signerName];
  const bundles = [...new Set(signers)].flatMap((signerName) =>
    signerName === undefined
      ? []
      : [new ClusterTrustBundle(around, { name: `${signerName.replaceAll('/', ':')}:roots`, signerName })],
  );
  for (const bundle of bundles) {
    bundle.start();
    issuers.onChange(() => bundle.refresh());
  }
  return bundles;
}
