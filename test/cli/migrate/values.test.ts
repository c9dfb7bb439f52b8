import { describe, expect, it } from 'vitest';
import { fromValues } from '#cli/migrate/istio-csr/from-values.ts';
import { translate } from '#cli/migrate/istio-csr/translation.ts';
import { valueTable } from '#cli/migrate/istio-csr/value-table.ts';

/** Flags that the chart gives even where no value says so. */
const always = ['--istiod-cert-enabled', '--istiod-cert-key-algorithm=RSA'];

/** `app.tls.trustDomain`, x → { app: { tls: { trustDomain: x } } } */
const nested = (key: string, value: unknown): unknown =>
  key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);

const words = (values: unknown) => fromValues(values).words.filter((word) => !always.includes(word));

/** Contract istio-ca §4.8: what a value becomes. */
const becomeFlags: readonly (readonly [key: string, value: unknown, flag: string])[] = [
  ['app.logLevel', 3, '--log-level=3'],
  ['app.logFormat', 'json', '--log-format=json'],
  ['app.metrics.port', 9999, '--metrics-port=9999'],
  ['app.readinessProbe.port', 6161, '--readiness-probe-port=6161'],
  ['app.readinessProbe.path', '/ready', '--readiness-probe-path=/ready'],
  ['app.certmanager.namespace', 'mesh', '--certificate-namespace=mesh'],
  ['app.certmanager.preserveCertificateRequests', true, '--preserve-certificate-requests=true'],
  ['app.certmanager.issuer.enabled', false, '--issuer-enabled=false'],
  ['app.certmanager.issuer.name', 'ca', '--issuer-name=ca'],
  ['app.certmanager.issuer.kind', 'ClusterIssuer', '--issuer-kind=ClusterIssuer'],
  ['app.certmanager.issuer.group', 'awspca.cert-manager.io', '--issuer-group=awspca.cert-manager.io'],
  ['app.tls.trustDomain', 'mesh.example', '--trust-domain=mesh.example'],
  ['app.tls.rootCAFile', '/ca/root.pem', '--root-ca-file=/ca/root.pem'],
  ['app.tls.rootCAFile', null, '--root-ca-file='],
  ['app.tls.certificateDNSNames', ['a.svc', 'b.svc'], '--serving-certificate-dns-names=a.svc,b.svc'],
  ['app.tls.certificateDuration', '2h', '--serving-certificate-duration=2h'],
  ['app.tls.servingTLSMinVersion', 'VersionTLS13', '--serving-tls-min-version=VersionTLS13'],
  [
    'app.tls.servingTLSCipherSuites',
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    '--serving-tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  ],
  ['app.tls.servingTLSCurvePreferences', ['X25519', 4588], '--serving-tls-curve-preferences=X25519,4588'],
  ['app.tls.istiodCertificateDuration', '2h', '--istiod-cert-duration=2h'],
  ['app.tls.istiodCertificateRenewBefore', '10m', '--istiod-cert-renew-before=10m'],
  ['app.tls.istiodPrivateKeyAlgorithm', 'ECDSA', '--istiod-cert-key-algorithm=ECDSA'],
  ['app.tls.istiodPrivateKeySize', 4096, '--istiod-cert-key-size=4096'],
  ['app.tls.istiodAdditionalDNSNames', ['x.example'], '--istiod-cert-additional-dns-names=x.example'],
  ['app.server.authenticators.enableClientCert', true, '--enable-client-cert-authenticator=true'],
  ['app.server.clusterID', 'east', '--cluster-id=east'],
  ['app.server.maxCertificateDuration', '30m', '--max-client-certificate-duration=30m'],
  ['app.server.serving.address', '127.0.0.1', '--serving-address=127.0.0.1:6443'],
  ['app.server.serving.port', 7443, '--serving-address=0.0.0.0:7443'],
  ['app.server.serving.certificateKeySize', 4096, '--serving-certificate-key-size=4096'],
  ['app.server.serving.signatureAlgorithm', 'RSA', '--serving-signature-algorithm=RSA'],
  [
    'app.server.caTrustedNodeAccounts',
    'istio-system/ztunnel,a/b',
    '--ca-trusted-node-accounts=istio-system/ztunnel,a/b',
  ],
  ['app.istio.revisions', ['default', 'canary'], '--istiod-cert-istio-revisions=default,canary'],
  ['app.istio.namespace', 'mesh', '--istiod-cert-namespace=mesh'],
  ['app.controller.leaderElectionNamespace', 'ns', '--leader-election-namespace=ns'],
  ['app.controller.configmapNamespaceSelector', 'a in (b, c)', '--configmap-namespace-selector=a in (b, c)'],
  ['app.controller.disableKubernetesClientRateLimiter', true, '--disable-kubernetes-client-rate-limiter=true'],
  ['app.controller.maxConcurrentReconciles', 4, '--max-concurrent-reconciles=4'],
];

const belongElsewhere = [
  ...['replicaCount', 'nameOverride', 'imageRegistry', 'imageNamespace', 'image.registry', 'image.repository'],
  ...['image.name', 'image.tag', 'image.digest', 'image.pullPolicy', 'imagePullSecrets', 'service.type'],
  ...['service.port', 'service.nodePort', 'app.metrics.service.enabled', 'app.metrics.service.type'],
  ...['app.metrics.service.servicemonitor.enabled', 'app.metrics.service.servicemonitor.prometheusInstance'],
  ...['app.metrics.service.servicemonitor.interval', 'app.metrics.service.servicemonitor.scrapeTimeout'],
  ...['app.metrics.service.servicemonitor.labels', 'app.runtimeConfiguration.issuer.name'],
  ...['app.runtimeConfiguration.issuer.kind', 'app.runtimeConfiguration.issuer.group'],
  ...['deploymentLabels', 'deploymentAnnotations', 'podLabels', 'podAnnotations', 'commonLabels', 'volumes'],
  ...['volumeMounts', 'resources', 'priorityClassName', 'affinity', 'tolerations', 'topologySpreadConstraints'],
  ...['nodeSelector', 'securityContext', 'podDisruptionBudget.enabled', 'podDisruptionBudget.minAvailable'],
  ...['podDisruptionBudget.maxUnavailable', 'extraObjects'],
];
const severalTogether = [
  'app.runtimeIssuanceConfigMap',
  'app.runtimeConfiguration.create',
  'app.runtimeConfiguration.name',
  'app.certmanager.additionalAnnotations',
  'app.tls.istiodCertificateEnable',
];

describe("the values of istio-csr's chart", () => {
  it('are all in the table, and no other', () => {
    const listed = [...becomeFlags.map(([key]) => key), ...belongElsewhere, ...severalTogether];
    expect(Object.keys(valueTable).toSorted()).toEqual([...new Set(listed)].toSorted());
  });

  it.each(becomeFlags)('%s: %j becomes %s', (key, value, flag) => {
    const found = fromValues(nested(key, value));
    expect(found.words).toContain(flag);
    expect([found.elsewhere, found.unknown]).toEqual([[], []]);
  });

  it.each(belongElsewhere)('%s is no matter of the server', (key) => {
    for (const value of ['x', 3, ['a'], { some: { label: 'x' } }]) {
      const found = fromValues(nested(key, value));
      expect([found.elsewhere, found.unknown]).toEqual([[key], []]);
    }
  });

  it('null takes a value out: of a flag that cannot be empty nothing is left', () => {
    const app = { controller: { maxConcurrentReconciles: null }, server: { maxCertificateDuration: null } };
    expect(fromValues({ app })).toMatchObject({ words: always, unknown: [] });
  });

  it('none of them: what the chart gives by itself', () => {
    for (const nothing of [{}, null, { app: {} }, { app: { tls: null } }])
      expect(fromValues(nothing)).toMatchObject({ words: always, elsewhere: [], unknown: [] });
  });

  it.each<readonly [object, readonly string[]]>([
    [
      { app: { runtimeIssuanceConfigMap: 'old' } },
      ['--runtime-issuance-config-map-name=old', '--runtime-issuance-config-map-namespace=istio-system'],
    ],
    [
      {
        app: {
          runtimeIssuanceConfigMap: 'old',
          runtimeConfiguration: { name: 'new' },
          certmanager: { namespace: 'ns' },
        },
      },
      [
        '--certificate-namespace=ns',
        '--runtime-issuance-config-map-name=new',
        '--runtime-issuance-config-map-namespace=ns',
      ],
    ],
    [
      { app: { runtimeConfiguration: { create: true } } },
      [
        '--runtime-issuance-config-map-name=cert-manager-istio-csr',
        '--runtime-issuance-config-map-namespace=istio-system',
      ],
    ],
    [
      { nameOverride: 'mine', app: { runtimeConfiguration: { create: true } } },
      ['--runtime-issuance-config-map-name=mine', '--runtime-issuance-config-map-namespace=istio-system'],
    ],
    [
      {
        app: {
          certmanager: {
            additionalAnnotations: [
              { name: 'a', value: '1' },
              { name: 'b', value: 'x,y' },
            ],
          },
        },
      },
      ['--certificate-request-additional-annotations=a=1,"b=x,y"', '--istiod-cert-additional-annotations=a=1,"b=x,y"'],
    ],
    [
      { app: { server: { serving: { signatureAlgorithm: 'ECDSA' } } } },
      ['--serving-signature-algorithm=ECDSA', '--istiod-cert-key-algorithm=ECDSA'],
    ],
  ])('several make one: %j', (values, expected) => {
    expect(words(values)).toEqual(expected);
  });

  it('istiodCertificateEnable: static, dynamic or none', () => {
    const found = (value: unknown) => fromValues({ app: { tls: { istiodCertificateEnable: value } } });
    for (const on of [true, 'dynamic']) expect(found(on).words).toContain('--istiod-cert-enabled');
    expect(found(false).words).not.toContain('--istiod-cert-enabled');
    expect(found(true).differs).toEqual([expect.stringContaining('delete that Certificate first')]);
    expect([found('dynamic').differs, found(false).differs]).toEqual([[], []]);
  });

  it.each([
    ['app.tls.trustDomian', 'app.tls.trustDomain'],
    ['app.sever.clusterID', 'app.server.clusterID'],
    ['replicaCounts', 'replicaCount'],
  ])('an unknown one is told, with what was likely meant: %s', (key, meant) => {
    expect(fromValues(nested(key, 'x')).unknown).toEqual([
      `the value ${key} is not one of istio-csr's chart; did somebody mean ${meant}?`,
    ]);
  });
});

describe('the configuration made of values', () => {
  it('has passed the checks of a real one, with all that they say in it', () => {
    const values = {
      replicaCount: 3,
      app: {
        tls: { trustDomain: 'mesh.example', rootCAFile: '/ca/root.pem', istiodCertificateEnable: 'dynamic' },
        server: { clusterID: 'east', caTrustedNodeAccounts: 'istio-system/ztunnel', maxCertificateDuration: '30m' },
        istio: { revisions: ['default', 'canary'] },
        controller: { configmapNamespaceSelector: 'istio-injection=enabled' },
      },
    };
    const { config, first, differs, notHonoured, unknown } = translate(fromValues(values));
    expect(config).toMatchObject({
      trustDomain: 'mesh.example',
      istio: { maxCertificateLifetime: '30m' },
      issuers: [{ roots: '/ca/root.pem' }],
      authenticators: [
        { kubernetes: { cluster: 'east', trustedNodeAccounts: ['istio-system/ztunnel'], unboundTokens: 'accept' } },
      ],
      distribution: {
        rootConfigMap: { namespaceSelector: 'istio-injection=enabled' },
        istiod: { revisions: ['default', 'canary'] },
      },
    });
    expect([notHonoured, unknown]).toEqual([[], []]);
    expect(differs.join('\n')).toContain('unboundTokens: accept');
    const text = first.join('\n');
    for (const word of [
      'Issuer.cert-manager.io/istio-ca is asked for one CA certificate',
      '/ca/root.pem',
      'replicaCount',
      'pods get',
      'certificates get',
    ])
      expect(text).toContain(word);
  });

  it('does not ask for rights that nothing needs', () => {
    const text = translate(fromValues({ app: { tls: { istiodCertificateEnable: false } } })).first.join('\n');
    expect(text).toContain('tokenreviews create');
    expect(text).not.toContain('pods get');
    expect(text).not.toContain('secrets');
  });

  it('an issuer that changes while the server runs comes along', () => {
    const { config, notHonoured } = translate(fromValues({ app: { runtimeConfiguration: { name: 'x' } } }));
    expect(notHonoured).toEqual([]);
    expect(config.issuers).toMatchObject([
      { certManager: { runtime: { configMap: 'x' }, issuer: { name: 'istio-ca' } } },
    ]);
  });

  it('issuers of our own stand in only for those that are switched off', () => {
    const { config, first } = translate(fromValues({ app: { certmanager: { issuer: { enabled: false } } } }));
    expect(config.issuers).toMatchObject([{ name: 'mesh', certificate: 'issuers/mesh.pem' }]);
    expect(first.join('\n')).toContain('have whoever signs today sign an intermediate');
  });
});
