import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { fromValues } from '#cli/migrate/istio-csr/from-values.ts';
import { translate } from '#cli/migrate/istio-csr/translation.ts';
import { parseConfig } from '#config/load.ts';
import type { ServerConfig } from '#config/server-config.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { render, type Values } from './helm.ts';
import { MountedPod } from './mounted-pod.ts';

describeWith(['set:helm'], 'the configuration that the chart makes', () => {
  describe("values of istio-csr's chart mean the same", () => {
    /** One value that is not the default, each. */
    const cases: readonly (readonly [string, Values])[] = [
      ['nothing said', {}],
      ['all of its defaults, as `helm get values --all` prints them', itsDefaults],
      ['logs', { app: { logLevel: 4, logFormat: 'json' } }],
      ['quieter logs', { app: { logLevel: 2 } }],
      ['ports', { app: { metrics: { port: 9500 }, readinessProbe: { port: 6061, path: '/healthy' } } }],
      ['trust domain and roots', { app: { tls: { trustDomain: 'mesh.example', rootCAFile: '/etc/tls/root.pem' } } }],
      [
        'serving certificate',
        { app: { tls: { certificateDNSNames: ['a.b.svc', 'c.d.svc', 'a.b.svc'], certificateDuration: '90m' } } },
      ],
      ['a duration of two parts', { app: { tls: { certificateDuration: '2h30m15s' } } }],
      [
        'TLS',
        {
          app: {
            tls: {
              servingTLSMinVersion: 'VersionTLS12',
              servingTLSCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
              servingTLSCurvePreferences: ['X25519', 'CurveP256', 'P256'],
            },
          },
        },
      ],
      ['TLS 1.3', { app: { tls: { servingTLSMinVersion: 'VersionTLS13' } } }],
      ['suites of TLS 1.3 alone', { app: { tls: { servingTLSCipherSuites: ['TLS_AES_256_GCM_SHA384'] } } }],
      ['groups by number', { app: { tls: { servingTLSCurvePreferences: ['4588', '29'] } } }],
      ['no certificate for istiod', { app: { tls: { istiodCertificateEnable: false } } }],
      [
        "istiod's certificate",
        {
          app: {
            tls: {
              istiodCertificateEnable: 'dynamic',
              istiodCertificateDuration: '4h',
              istiodCertificateRenewBefore: '70m',
              istiodPrivateKeyAlgorithm: 'ECDSA',
              istiodPrivateKeySize: 384,
              istiodAdditionalDNSNames: ['gateway.example.com'],
            },
            istio: { revisions: ['default', 'v2'], namespace: 'mesh' },
          },
        },
      ],
      ["the usual size of istiod's key", { app: { tls: { istiodPrivateKeySize: 0 } } }],
      [
        'keys of elliptic curves',
        {
          app: {
            server: { serving: { signatureAlgorithm: 'ECDSA', certificateKeySize: 256 } },
            tls: { istiodPrivateKeySize: 256 },
          },
        },
      ],
      [
        'the server',
        {
          app: {
            server: {
              authenticators: { enableClientCert: true },
              clusterID: 'west',
              maxCertificateDuration: '48h',
              serving: { address: '10.0.0.1', port: 7443, certificateKeySize: 3072 },
              caTrustedNodeAccounts: 'istio-system/ztunnel,kube-system/ztunnel',
            },
          },
        },
      ],
      [
        'what is written',
        {
          app: {
            controller: {
              leaderElectionNamespace: 'leases',
              configmapNamespaceSelector: 'istio-injection=enabled',
              disableKubernetesClientRateLimiter: true,
              maxConcurrentReconciles: 4,
            },
          },
        },
      ],
    ];

    it.each(cases)('%s', async (_, values) => {
      const manifests = await render([values, { kubernetes: { mode: 'review' } }], {
        release: 'cert-manager-istio-csr',
      });
      using pod = new MountedPod(manifests);
      const ours = parseConfig(stringify(pod.configuration), '/countersign.yaml').config;
      const { config } = translate(fromValues(asItsChart(values)));
      const theirs = parseConfig(stringify(config), '/countersign.yaml').config;
      expect(shared(ours)).toEqual(shared(theirs));
    });
  });
});

/** As the table of its values has them (contract istio-ca §4.8). */
const itsDefaults: Values = {
  replicaCount: 1,
  nameOverride: '',
  imageRegistry: 'registry.example',
  imageNamespace: 'jetstack',
  image: {
    registry: null,
    repository: '',
    name: 'cert-manager-istio-csr',
    tag: null,
    digest: null,
    pullPolicy: 'IfNotPresent',
  },
  imagePullSecrets: [],
  service: { type: 'ClusterIP', port: 443, nodePort: null },
  app: {
    logLevel: 1,
    logFormat: 'text',
    metrics: {
      port: 9402,
      service: {
        enabled: true,
        type: 'ClusterIP',
        servicemonitor: {
          enabled: false,
          prometheusInstance: 'default',
          interval: '10s',
          scrapeTimeout: '5s',
          labels: {},
        },
      },
    },
    readinessProbe: { port: 6060, path: '/readyz' },
    runtimeIssuanceConfigMap: '',
    runtimeConfiguration: {
      create: false,
      name: '',
      issuer: { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' },
    },
    certmanager: {
      namespace: 'istio-system',
      preserveCertificateRequests: false,
      additionalAnnotations: [],
      issuer: { enabled: true, name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' },
    },
    tls: {
      trustDomain: 'cluster.local',
      rootCAFile: null,
      certificateDNSNames: ['cert-manager-istio-csr.cert-manager.svc'],
      certificateDuration: '1h',
      servingTLSMinVersion: null,
      servingTLSCipherSuites: [],
      servingTLSCurvePreferences: [],
      istiodCertificateEnable: true,
      istiodCertificateDuration: '1h',
      istiodCertificateRenewBefore: '30m',
      istiodPrivateKeyAlgorithm: '',
      istiodPrivateKeySize: 2048,
      istiodAdditionalDNSNames: [],
    },
    server: {
      authenticators: { enableClientCert: false },
      clusterID: 'Kubernetes',
      maxCertificateDuration: '1h',
      serving: { address: '0.0.0.0', port: 6443, certificateKeySize: 2048, signatureAlgorithm: 'RSA' },
      caTrustedNodeAccounts: '',
    },
    istio: { revisions: ['default'], namespace: 'istio-system' },
    controller: {
      leaderElectionNamespace: 'istio-system',
      configmapNamespaceSelector: null,
      disableKubernetesClientRateLimiter: false,
    },
  },
  deploymentLabels: {},
  deploymentAnnotations: {},
  podLabels: {},
  podAnnotations: {},
  commonLabels: {},
  volumes: [],
  volumeMounts: [],
  resources: {},
  priorityClassName: '',
  affinity: {},
  tolerations: [],
  topologySpreadConstraints: [],
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  podDisruptionBudget: { enabled: false, minAvailable: null, maxUnavailable: 1 },
  extraObjects: [],
};

/** What its chart gives its server besides: its own defaults, where those of the flags differ. */
const asItsChart = (values: Values): Values => {
  const tls = at(values, 'app', 'tls');
  const names = { certificateDNSNames: ['cert-manager-istio-csr.cert-manager.svc'] };
  const app = { ...(at(values, 'app') ?? {}), tls: { ...names, ...(tls ?? {}) } };
  return { ...values, app };
};

/** What flags decide; addresses without the interface, which istio-csr's ports leave to the machine. */
function shared({ istio, admin, authenticators, distribution, telemetry, trustDomain, issuers }: ServerConfig) {
  return {
    ...{ istio, authenticators, distribution, telemetry, trustDomain },
    ports: [admin.listen.port, admin.probe?.listen.port, admin.probe?.path],
    roots: issuers.map(({ roots }) => (roots?.startsWith('/etc/tls') === true ? roots : undefined)),
  };
}
