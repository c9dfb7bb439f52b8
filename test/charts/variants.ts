import { stringify } from 'yaml';
import type { Values } from './helm.ts';
import { copied, onVolumes, secretsOfCopies, shared, witnessing } from './log-values.ts';
import { denial, namedPolicy, podPolicy, vouchedPolicy } from './policies.ts';
import { intermediate, ownIssuer, root } from './secrets.ts';

const pkcs11 = {
  uri: 'pkcs11:token=mesh;object=mesh;type=private',
  module: '/usr/lib/hsm/module.so',
  pin: { secretName: 'hsm' },
};

/** What people set: each feature once on, and once off where it is on by itself. */
export const variants: Readonly<Record<string, readonly Values[]>> = {
  'the defaults: an issuer of cert-manager, in either way': [],
  'an issuer of cert-manager that only relays, and requests that stay': [
    {
      app: {
        certmanager: {
          way: 'relay',
          preserveCertificateRequests: true,
          additionalAnnotations: [{ name: 'example.org/team', value: 'mesh' }],
          issuer: { kind: 'ClusterIssuer', name: 'vault' },
        },
      },
    },
  ],
  'an issuer of cert-manager that a ConfigMap names': [
    { app: { runtimeConfiguration: { create: true }, certmanager: { issuer: { enabled: false } } } },
  ],
  'a key in a Secret': [ownIssuer],
  'a key in a Secret, encrypted, with certificates of their own': [
    ownIssuer,
    { issuer: { certificate: intermediate.pem, roots: root.pem, secret: { passphraseKey: 'passphrase' } } },
  ],
  'keys in an HSM, of the issuer and of the log': [
    {
      app: { certmanager: { issuer: { enabled: false } }, tls: { rootCAFile: '/etc/roots/roots.pem' } },
      issuer: { certificate: intermediate.pem, pkcs11 },
      audit: { key: { pkcs11 } },
      volumes: [{ name: 'hsm', emptyDir: {} }],
      volumeMounts: [{ name: 'hsm', mountPath: '/usr/lib/hsm' }],
      extraEnv: [{ name: 'HSM_CONF', value: '/usr/lib/hsm/conf' }],
    },
  ],
  'issuers in the words of the configuration': [
    ownIssuer,
    {
      issuer: { secret: { name: '' } },
      config: {
        issuers: [
          {
            name: 'mesh',
            certificate: '/etc/mesh/chain.pem',
            roots: '/etc/mesh/roots.pem',
            key: { file: { path: '/etc/mesh/key.pem' } },
          },
        ],
      },
    },
  ],
  'callers by review alone, nothing written into the cluster': [
    ownIssuer,
    {
      kubernetes: { mode: 'review', unboundTokens: 'refuse' },
      distribution: { rootConfigMap: { enabled: false } },
      app: { tls: { istiodCertificateEnable: false } },
    },
  ],
  'ambient, by review': [
    ownIssuer,
    { kubernetes: { mode: 'review' }, app: { server: { caTrustedNodeAccounts: 'istio-system/ztunnel, a/b' } } },
  ],
  'everything that can be written, several clusters, VMs, client certificates': [
    ownIssuer,
    {
      app: {
        server: {
          authenticators: { enableClientCert: true },
          clusterID: 'west',
          caTrustedNodeAccounts: 'istio-system/ztunnel',
        },
        istio: { revisions: ['default', 'canary'] },
        tls: { istiodCertificateEnable: 'dynamic', istiodAdditionalDNSNames: ['gateway.example.com'] },
        controller: { configmapNamespaceSelector: 'istio-injection=enabled' },
      },
      kubernetes: {
        mode: 'local-then-review',
        clusterAliases: [{ alias: 'home', cluster: 'west' }],
        remoteClusters: { enabled: true },
        local: { issuers: ['https://old.example'] },
      },
      distribution: { clusterTrustBundle: { enabled: true } },
      trustDomainAliases: ['old.local'],
    },
  ],
  'certificates for pods that mount them': [
    ownIssuer,
    { kubernetes: { mode: 'review' }, podCertificates: { enabled: true, signerName: 'mesh.example/workload' } },
    { policy: { documents: { 'pods.yaml': podPolicy } } },
  ],
  'certificates for whom istiod vouches, in two revisions': [
    ownIssuer,
    {
      app: { istio: { revisions: ['default', 'canary'] } },
      signingRequests: { enabled: true, signerName: 'mesh.example/istio' },
      policy: { shipped: ['default'] },
    },
  ],
  'certificates that cert-manager asks for, under an intermediate of its own': [
    {
      certificateRequests: { enabled: true },
      policy: { documents: { 'named.yaml': stringify(namedPolicy) } },
    },
  ],
  'all objects that ask for certificates, answered otherwise than usual': [
    ownIssuer,
    {
      distribution: { signerTrustBundles: { enabled: true } },
      podCertificates: { enabled: true, signerName: 'mesh.example/workload', issuer: 'mesh' },
      signingRequests: {
        enabled: true,
        signerName: 'mesh.example/istio',
        requesters: ['mesh/authority'],
        issuer: 'mesh',
        root: 'omit',
        approval: 'policy',
      },
      certificateRequests: {
        enabled: true,
        retryFor: '1h',
        signerNames: 'answer',
        signerNamesApproval: 'policy',
        aggregateRoles: false,
        approver: { namespace: 'certificates', serviceAccount: 'approver' },
      },
    },
    { policy: { documents: { 'pods.yaml': podPolicy, 'vouched.yaml': vouchedPolicy, 'named.yaml': namedPolicy } } },
  ],
  'revocation, with something revoked': [
    ownIssuer,
    {
      app: { server: { serving: { address: '::' } } },
      revocation: {
        enabled: true,
        url: 'http://pki.example/mesh',
        service: { type: 'LoadBalancer' },
        crlLifetime: '14d',
        certificates: [
          {
            serial: '5f3a09c1',
            issuer: '9d:8c:7b:6a:59:48:37:26:15:04:f3:e2:d1:c0:bf:ae:9d:8c:7b:6a',
            reason: 'superseded',
            revokedAt: '2026-01-02T10:00:00Z',
            requestedBy: 'alice@example.org',
            ticket: 'INC-42: "a colon"',
          },
          { serial: '01', issuer: '9d8c', requestedBy: 'bob' },
        ],
      },
    },
  ],
  'CRLs in every namespace, with those of the CAs above, and the admin API': [
    ownIssuer,
    {
      app: { controller: { configmapNamespaceSelector: 'istio-injection=enabled' } },
      distribution: { rootConfigMap: { enabled: false }, crlConfigMap: { enabled: true } },
      api: {
        enabled: true,
        dnsNames: ['ca.example'],
        clientRoots: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
        oidc: {
          issuer: 'https://login.example',
          audiences: ['countersign'],
          jwks: { url: 'https://login.example/keys' },
        },
        roles: [
          { who: { claims: [{ name: 'groups', value: 'auditors' }] }, roles: ['auditor'] },
          { who: { subject: 'CN=Ada' }, roles: ['viewer', 'operator'] },
        ],
        limits: { perSecond: 5 },
      },
      networkPolicy: { apiFrom: [{ podSelector: { matchLabels: { app: 'auditor' } } }] },
      revocation: {
        enabled: true,
        upperCrls: [
          { configMap: 'root-crl', key: 'root.crl' },
          { configMap: 'not-there-yet', key: 'other.crl' },
        ],
      },
    },
  ],
  'monitored, with a policy of its own, limits and approved algorithms': [
    ownIssuer,
    {
      dialect: 'istiod',
      policy: {
        shipped: ['fips'],
        documents: { 'as-text.yaml': stringify(denial('red', 700)), 'as-yaml.yml': denial('blue', 701) },
      },
      fips: { level: 'policy' },
      limits: { maxConcurrentCalls: 512, callTimeout: '5s' },
      fairness: { node: { burst: 100 }, keptForRenewals: 0.5 },
      tracing: { endpoint: 'http://collector.observability:4318/v1/traces' },
      app: { metrics: { service: { servicemonitor: { enabled: true, labels: { release: 'prometheus' } } } } },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      grafanaDashboard: { enabled: true, annotations: { folder: 'mesh' } },
    },
  ],
  'one replica that keeps nothing': [
    ownIssuer,
    {
      replicaCount: 1,
      audit: { volume: { persistent: false } },
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: false },
      livenessProbe: { enabled: false },
      shutdown: { waitSeconds: 0 },
      resources: {},
      app: { metrics: { service: { enabled: false } } },
    },
  ],
  'everything about pods': [
    ownIssuer,
    {
      nameOverride: 'cert-manager-istio-csr',
      replicaCount: 3,
      imageRegistry: 'registry.example.com',
      imageNamespace: 'mesh',
      image: { tag: 'v1', digest: `sha256:${'0'.repeat(64)}` },
      imagePullSecrets: [{ name: 'pull' }],
      service: { type: 'NodePort', nodePort: 30443 },
      serviceAccount: { annotations: { 'example.org/role': 'ca' } },
      deploymentLabels: { a: 'b' },
      deploymentAnnotations: { c: 'd' },
      podLabels: { e: 'f' },
      podAnnotations: { g: 'h' },
      commonLabels: { i: 'j' },
      priorityClassName: 'system-cluster-critical',
      affinity: { nodeAffinity: {} },
      topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
      tolerations: [{ key: 'ca', operator: 'Exists' }],
      podDisruptionBudget: { minAvailable: 2 },
      networkPolicy: {
        metricsFrom: [{ namespaceSelector: {} }],
        egress: { restricted: true, rules: [{ ports: [{ port: 6443 }] }] },
      },
      audit: {
        origin: 'audit.example.org/mesh',
        key: { secret: { name: 'log' } },
        volume: { storageClassName: 'fast', annotations: { k: 'l' } },
        guard: { enabled: true, storageClassName: 'slow' },
      },
      extraObjects: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-more"}}'],
    },
  ],
  'a log that others cosign, archived in a bucket, with sinks, that forgets': [ownIssuer, copied],
  'a log with files of its own on volumes, and a trust policy': [ownIssuer, onVolumes],
  'a log of all replicas, and what is copied of it': [ownIssuer, copied, shared],
  "a witness of others' logs": [ownIssuer, witnessing],
};

/** The Secrets and ConfigMaps that any of them names. */
export const secretsOfVariants = {
  'mesh-ca': {
    'tls.crt': intermediate.pem,
    'tls.key': intermediate.keyPem,
    'ca.crt': root.pem,
    passphrase: 'correct horse',
  },
  hsm: { pin: '1234' },
  'root-crl': { 'root.crl': 'a CRL' },
  ...secretsOfCopies,
};
