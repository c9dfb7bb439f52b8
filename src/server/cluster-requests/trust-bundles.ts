import type { LiveIssuers } from '#authority/issuers.ts';
import type { ClusterRequestsConfig } from '#config/sections/cluster-requests.ts';
import { ClusterTrustBundles, type KeptTrustBundles, oneTrustBundle } from '#distribution/cluster-trust-bundles.ts';
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

/** Begins to keep these to the roots in force. */
export type KeepTrustBundles = (kept: KeptTrustBundles) => Answered;

/** Undefined where none are to be written. */
export function trustBundleKeeper({
  foundation,
  api,
  wanted,
  issuers,
  term,
}: TrustBundlesOptions): KeepTrustBundles | undefined {
  if (!wanted.trustBundles) return undefined;
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
  return (kept) => {
    const bundles = new ClusterTrustBundles(around, kept);
    bundles.start();
    issuers.onChange(() => bundles.refresh());
    return bundles;
  };
}

/** A ClusterTrustBundle linked to each signer that is named in the configuration. */
export function keepNamed(keep: KeepTrustBundles | undefined, wanted: ClusterRequestsConfig): readonly Answered[] {
  if (keep === undefined) return [];
  const signers = [wanted.podCertificates?.signerName, wanted.signingRequests?.signerName];
  return [...new Set(signers)].flatMap((signerName) =>
    signerName === undefined
      ? []
      : [keep(oneTrustBundle({ name: `${signerName.replaceAll('/', ':')}:roots`, signerName }))],
  );
}
