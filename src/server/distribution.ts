import { Counter, type Registry } from 'prom-client';
import type { IstiodCertificateConfig } from '#config/sections/distribution.ts';
import type { ControlPlaneCertificateOptions } from '#distribution/control-plane-certificate.ts';
import { controlPlaneNames } from '#distribution/control-plane-names.ts';
import { Distribution, type DistributionOptions } from '#distribution/distribution.ts';
import { istiodCertificateSpec } from '#distribution/istiod-certificate-spec.ts';
import type { DistributionObserver } from '#distribution/writer.ts';
import { connect } from '#kubernetes/connect.ts';
import { systemPace } from '#kubernetes/pace.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { apiServer } from './api-server.ts';
import type { Foundation } from './foundation.ts';
import type { Issuing } from './issuing.ts';
import type { OwnCertificates } from './own-certificates.ts';
import type { RunningRevocation } from './revocation/revocation.ts';
import { takeLeave } from './take-leave.ts';

/** Begins to write into the cluster what the configuration says; nothing waits for it, and readiness does not depend on it. */
export function distribute(
  foundation: Foundation,
  issuing: Issuing,
  own: OwnCertificates,
  crls: Pick<RunningRevocation, 'bundle' | 'onBundle'> | undefined,
): { stop(): Promise<void> } {
  const { config, instance, metrics, logger } = foundation;
  const { distribution: wanted } = config;
  if (wanted === undefined) return { stop: async () => {} };
  const api = connect(apiServer(wanted.kubeconfig));
  const { lease, rootConfigMap, crlConfigMap, clusterTrustBundle, istiod } = wanted;
  const distribution = new Distribution({
    api,
    lease,
    identity: `${instance.name}_${instance.bootId}`,
    pace: systemPace,
    bundle: () => issuing.live.roots(),
    observer: observe(metrics.registry, logger),
    queueObserver: (name) => metrics.queues.of(name),
    ...(rootConfigMap && { rootConfigMaps: rootConfigMap }),
    ...(crlConfigMap && crls && { crlConfigMaps: { ...crlConfigMap, bundle: () => crls.bundle() } }),
    ...(clusterTrustBundle && { clusterTrustBundle }),
    ...(istiod && forIstiod(istiod, foundation, issuing, own)),
  });
  metrics.gauges.watchLease(lease.name, () => distribution.leading);
  metrics.gauges.watchQueue('distribution', () => distribution.waiting);
  distribution.start();
  issuing.live.onChange(() => distribution.refresh());
  issuing.onNamed(() => distribution.refresh());
  if (crlConfigMap) crls?.onBundle(() => distribution.refresh());
  return {
    async stop() {
      await takeLeave(api, () => distribution.stop());
      await api.close();
    },
  };
}

type ForIstiod = Pick<DistributionOptions, 'controlPlaneCertificate' | 'certificateObject'>;

/** A Secret of ours, or a Certificate from which cert-manager makes one. */
function forIstiod(
  istiod: IstiodCertificateConfig,
  foundation: Foundation,
  issuing: Issuing,
  own: OwnCertificates,
): ForIstiod {
  const { certificate, namespace, serviceAccount } = istiod;
  if (certificate === undefined) return { controlPlaneCertificate: controlPlaneCertificate(istiod, foundation, own) };
  const uri = `spiffe://${foundation.config.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  const spec = istiodCertificateSpec({ ...istiod, uri });
  const issuer = () => {
    const named = issuing.named();
    return named && { ...named };
  };
  return { certificateObject: { ...certificate, namespace, spec, issuer } };
}

/** istiod's certificate comes from the default issuer, on the record like our own. */
function controlPlaneCertificate(
  istiod: IstiodCertificateConfig,
  { config, metrics }: Foundation,
  own: OwnCertificates,
): ControlPlaneCertificateOptions {
  const { namespace, secret, serviceAccount, keyType, renewAt, lifetimeSeconds } = istiod;
  const dnsNames = controlPlaneNames(istiod);
  const uri = `spiffe://${config.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  return {
    ...{ namespace, secret, dnsNames, uri, renewAt },
    keyKind: keyType,
    issue: () =>
      own.issue({
        profile: 'control-plane-v1',
        keyType,
        names: { dnsNames, ipAddresses: [], uris: [uri] },
        lifetime: lifetimeSeconds,
      }),
    expires: (notAfter) => metrics.expiries.set('control-plane', notAfter === undefined ? {} : { [secret]: notAfter }),
  };
}

function observe(registry: Registry, logger: Logger): DistributionObserver {
  const writes = new Counter({
    name: 'countersign_distribution_writes_total',
    help: 'Objects written into the cluster, by kind and outcome: created, updated, failed.',
    labelNames: ['object', 'outcome'],
    registers: [registry],
  });
  for (const object of ['configmap', 'clustertrustbundle', 'secret', 'certificate'])
    for (const outcome of ['created', 'updated', 'failed']) writes.inc({ object, outcome }, 0);
  return {
    wrote: (object, outcome) => writes.inc({ object, outcome }),
    told: (level, component, reason) => logger.log(level, 'distribution', { component, reason }),
  };
}
