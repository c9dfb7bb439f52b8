import type { IstioCsrFlag } from '../../istio-csr/line.ts';

/**
 * What becomes of one value of the chart: a flag with that value, the sum of several in `from-values.ts`, or nothing
 * that a server sees.
 */
export type ValueMeaning = IstioCsrFlag | 'together' | 'elsewhere';

/** Every value of istio-csr's chart (contract istio-ca §4.8). A section that is a value as a whole stands as such. */
export const valueTable: Readonly<Record<string, ValueMeaning>> = {
  ...elsewhere(
    ...['replicaCount', 'nameOverride', 'imageRegistry', 'imageNamespace', 'image.registry', 'image.repository'],
    ...['image.name', 'image.tag', 'image.digest', 'image.pullPolicy', 'imagePullSecrets'],
    ...['service.type', 'service.port', 'service.nodePort'],
    ...['app.metrics.service.enabled', 'app.metrics.service.type'],
    ...['enabled', 'prometheusInstance', 'interval', 'scrapeTimeout', 'labels'].map(
      (key) => `app.metrics.service.servicemonitor.${key}`,
    ),
    ...['app.runtimeConfiguration.issuer.name', 'app.runtimeConfiguration.issuer.kind'],
    ...['app.runtimeConfiguration.issuer.group'],
    ...['deploymentLabels', 'deploymentAnnotations', 'podLabels', 'podAnnotations', 'commonLabels'],
    ...['volumes', 'volumeMounts', 'resources', 'priorityClassName', 'affinity', 'tolerations'],
    ...['topologySpreadConstraints', 'nodeSelector', 'securityContext', 'extraObjects'],
    ...['podDisruptionBudget.enabled', 'podDisruptionBudget.minAvailable', 'podDisruptionBudget.maxUnavailable'],
  ),
  'app.logLevel': 'log-level',
  'app.logFormat': 'log-format',
  'app.metrics.port': 'metrics-port',
  'app.readinessProbe.port': 'readiness-probe-port',
  'app.readinessProbe.path': 'readiness-probe-path',
  'app.runtimeIssuanceConfigMap': 'together',
  'app.runtimeConfiguration.create': 'together',
  'app.runtimeConfiguration.name': 'together',
  'app.certmanager.namespace': 'certificate-namespace',
  'app.certmanager.preserveCertificateRequests': 'preserve-certificate-requests',
  'app.certmanager.additionalAnnotations': 'together',
  'app.certmanager.issuer.enabled': 'issuer-enabled',
  'app.certmanager.issuer.name': 'issuer-name',
  'app.certmanager.issuer.kind': 'issuer-kind',
  'app.certmanager.issuer.group': 'issuer-group',
  'app.tls.trustDomain': 'trust-domain',
  'app.tls.rootCAFile': 'root-ca-file',
  'app.tls.certificateDNSNames': 'serving-certificate-dns-names',
  'app.tls.certificateDuration': 'serving-certificate-duration',
  'app.tls.servingTLSMinVersion': 'serving-tls-min-version',
  'app.tls.servingTLSCipherSuites': 'serving-tls-cipher-suites',
  'app.tls.servingTLSCurvePreferences': 'serving-tls-curve-preferences',
  'app.tls.istiodCertificateEnable': 'together',
  'app.tls.istiodCertificateDuration': 'istiod-cert-duration',
  'app.tls.istiodCertificateRenewBefore': 'istiod-cert-renew-before',
  'app.tls.istiodPrivateKeyAlgorithm': 'together',
  'app.tls.istiodPrivateKeySize': 'istiod-cert-key-size',
  'app.tls.istiodAdditionalDNSNames': 'istiod-cert-additional-dns-names',
  'app.server.authenticators.enableClientCert': 'enable-client-cert-authenticator',
  'app.server.clusterID': 'cluster-id',
  'app.server.maxCertificateDuration': 'max-client-certificate-duration',
  'app.server.serving.address': 'together',
  'app.server.serving.port': 'together',
  'app.server.serving.certificateKeySize': 'serving-certificate-key-size',
  'app.server.serving.signatureAlgorithm': 'serving-signature-algorithm',
  'app.server.caTrustedNodeAccounts': 'ca-trusted-node-accounts',
  'app.istio.revisions': 'istiod-cert-istio-revisions',
  'app.istio.namespace': 'istiod-cert-namespace',
  'app.controller.leaderElectionNamespace': 'leader-election-namespace',
  'app.controller.configmapNamespaceSelector': 'configmap-namespace-selector',
  'app.controller.disableKubernetesClientRateLimiter': 'disable-kubernetes-client-rate-limiter',
  'app.controller.maxConcurrentReconciles': 'max-concurrent-reconciles',
};

function elsewhere(...keys: readonly string[]): Readonly<Record<string, ValueMeaning>> {
  return Object.fromEntries(keys.map((key) => [key, 'elsewhere'] as const));
}
