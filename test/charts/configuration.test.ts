import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadRevocations } from '#authority/revocation/document.ts';
import { missingFiles } from '#cli/config/named-files.ts';
import { fromValues } from '#cli/migrate/istio-csr/from-values.ts';
import { translate } from '#cli/migrate/istio-csr/translation.ts';
import { loadConfig, parseConfig } from '#config/load.ts';
import type { ServerConfig } from '#config/server-config.ts';
import { loadRuleSet } from '#detection/rule-set.ts';
import { loadPolicySet } from '#policy/load.ts';
import { countersign, parsed } from '#test/cli/run-cli.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { one, render, type Values } from './helm.ts';
import { MountedPod } from './mounted-pod.ts';
import { ownIssuer } from './secrets.ts';
import { secretsOfVariants, variants } from './variants.ts';

/** Files that only the operator's own volumes bring. */
const brought = /\/(usr\/lib\/hsm|etc\/mesh|etc\/roots)\//;

describeWith(['set:helm'], 'the configuration that the chart makes', () => {
  describe.each(Object.entries(variants))('%s', (_, values) => {
    it('is one that a server starts with: the words, the policies, and every file that it names', async () => {
      const manifests = await render(values);
      const replicas = Number(
        at(
          manifests.find(({ kind }) => kind === 'StatefulSet'),
          'spec',
          'replicas',
        ),
      );
      for (let number = 0; number < replicas; number += 1) {
        using pod = new MountedPod(manifests, secretsOfVariants, number);
        const { config } = loadConfig(pod.configurationFile);
        expect(loadPolicySet(config.policies, Date.now()).id).toMatch(/./);
        loadRuleSet(config.detection?.rules ?? []);
        // made by the container before it
        for (const made of pod.initArguments.slice(2)) writeFileSync(made, '');
        const missing = missingFiles(config, pod.environment).filter((sentence) => !brought.test(sentence));
        expect(missing).toEqual([]);
      }
    });

    it('names the log of each replica after that replica and no other, and one log of all after none', async () => {
      const manifests = await render(values);
      const replicas = Number(
        at(
          manifests.find(({ kind }) => kind === 'StatefulSet'),
          'spec',
          'replicas',
        ),
      );
      const origins = Array.from({ length: replicas }, (__, number) => {
        using pod = new MountedPod(manifests, secretsOfVariants, number);
        return String(at(pod.configuration, 'audit', 'origin'));
      });
      using pod = new MountedPod(manifests, secretsOfVariants);
      const shared = at(pod.configuration, 'audit', 'store') !== undefined;
      expect(new Set(origins).size).toBe(shared ? 1 : replicas);
      for (const [number, origin] of origins.entries())
        expect(new RegExp(`/[a-z-]+-${number}$`).test(origin)).toBe(!shared);
    });
  });

  it('what is revoked is a document that the server reads, and certificates point where others reach it', async () => {
    const manifests = await render(variants['revocation, with something revoked'] ?? []);
    using pod = new MountedPod(manifests, secretsOfVariants);
    const { revocation } = loadConfig(pod.configurationFile).config;
    expect(revocation).toMatchObject({ url: 'http://pki.example/mesh' });
    expect(loadRevocations(revocation?.documents ?? [], Date.now())).toMatchObject([
      { serial: '5f3a09c1', reason: 'superseded', requestedBy: 'alice@example.org', ticket: 'INC-42: "a colon"' },
      { serial: '01', issuerKeyId: '9d8c', reason: 'unspecified', requestedBy: 'bob' },
    ]);
    const service = one(manifests, 'Service', 'countersign-status');
    expect(at(service, 'spec', 'ports', 0)).toMatchObject({ port: 80, targetPort: 9403 });
    const ports = JSON.stringify(at(one(manifests, 'NetworkPolicy'), 'spec', 'ingress', 0));
    expect(ports).toContain('{"protocol":"TCP","port":9403}');
  });

  it('the admin API is for those whom the values name, under the names by which it is reached, and from where they say', async () => {
    const manifests = await render(
      variants['CRLs in every namespace, with those of the CAs above, and the admin API'] ?? [],
    );
    using pod = new MountedPod(manifests, secretsOfVariants, 1);
    const { api } = loadConfig(pod.configurationFile).config;
    expect(api).toMatchObject({
      clientRoots: expect.stringMatching(/\/etc\/countersign\/people\/roots\.pem$/),
      grants: [{ who: { by: 'claims' }, roles: ['auditor'] }, { who: { by: 'subject', value: 'CN=Ada' } }],
      limits: { perSecond: 5, maxStreams: 16 },
    });
    const namespace = 'cert-manager';
    const replica = `countersign-1.countersign-replicas.${namespace}.svc`;
    expect(api?.serving.dnsNames).toEqual([`countersign-api.${namespace}.svc`, replica, 'ca.example']);
    expect(at(one(manifests, 'Service', 'countersign-api'), 'spec', 'ports', 0)).toMatchObject({
      port: 443,
      targetPort: 9404,
    });
    const rule = at(one(manifests, 'NetworkPolicy'), 'spec', 'ingress', 1);
    expect(rule).toEqual({
      ports: [{ protocol: 'TCP', port: 9404 }],
      from: [{ podSelector: { matchLabels: { app: 'auditor' } } }],
    });
  });

  it('passes `countersign config check` and `policy check`, as the container is started', async () => {
    using pod = new MountedPod(
      await render(variants['monitored, with a policy of its own, limits and approved algorithms'] ?? []),
      secretsOfVariants,
    );
    expect(await countersign(pod.initArguments)).toMatchObject({ code: 0, stderr: '' });
    const checked = await countersign(['config', 'check', pod.configurationFile, '--json']);
    expect(parsed(checked)).toMatchObject({ ok: true, problems: [] });
    const policies = ['as-text.yaml', 'as-yaml.yml'].map((file) => pod.path(`/etc/countersign/policies/${file}`));
    for (const policy of policies) expect((await countersign(['policy', 'check', policy])).code).toBe(0);
    expect(pod.arguments).toEqual(['serve', `--config=${pod.configurationFile}`]);
  });

  it('makes replicas that share a log in PostgreSQL of the values in docs/log-store.md', async () => {
    const document = readFileSync(join(repository, 'docs/log-store.md'), 'utf8');
    const [, section = ''] = document.split('## With the chart');
    const values: Values = parse(section.split('```yaml\n')[1]?.split('```')[0] ?? '');
    const manifests = await render([ownIssuer, values]);
    const stores = [0, 1, 2].map((number) => {
      const named = { 'countersign-log': { 'log.key': '' }, 'log-database': { password: 'a' } };
      const secrets = { ...secretsOfVariants, ...named, 'log-database-ca': { 'ca.crt': '' } };
      using pod = new MountedPod(manifests, secrets, number);
      const { audit } = loadConfig(pod.configurationFile).config;
      return { ...audit, key: audit.key.kind };
    });
    for (const { origin, key, store } of stores) {
      expect({ origin, key }).toEqual({ origin: 'audit.example.org/mesh', key: 'file' });
      expect(store).toMatchObject({
        hosts: [{ host: 'db.example.org', port: 5432 }],
        password: { file: expect.stringMatching(/\/etc\/countersign\/secrets\/database\/password$/) },
        tls: { ca: expect.stringMatching(/\/etc\/countersign\/secrets\/database\/tls\/ca$/) },
      });
    }
  });

  it('a policy that a server would refuse is found in what is rendered', async () => {
    using pod = new MountedPod(
      await render([ownIssuer, { policy: { documents: { 'wrong.yaml': 'kind: IssuancePolicy' } } }]),
      secretsOfVariants,
    );
    await countersign(pod.initArguments);
    const checked = await countersign(['config', 'check', pod.configurationFile]);
    expect([checked.code, checked.stderr]).toEqual([3, expect.stringContaining('wrong.yaml')]);
  });

  it('what `config` says goes before what the values say', async () => {
    using pod = new MountedPod(
      await render([ownIssuer, { config: { audit: { maxSkew: '1m' }, admin: { maxConnections: 7 } } }]),
      secretsOfVariants,
    );
    expect(pod.configuration).toMatchObject({
      audit: { maxSkew: '1m', origin: 'cluster.local/Kubernetes/cert-manager/countersign-0' },
      admin: { maxConnections: 7, listen: '0.0.0.0:9402' },
    });
  });

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
