import { describe, expect, it } from 'vitest';
import { configuration, flagsAlone } from '#cli/istio-csr/configuration.ts';
import { FlagError, parseFlags } from '#cli/istio-csr/flags/parse.ts';
import { allFlags, istioCsrFlags } from '#cli/istio-csr/flags/table.ts';
import { notesOn } from '#cli/istio-csr/notes.ts';
import type { ServerConfig } from '#config/server-config.ts';
import { DocumentError } from '#document/problem.ts';

/** What istio-csr's flags have no word for. */
const file = `apiVersion: countersign.dev/v1
kind: ServerConfig
issuers:
  - name: mesh
    certificate: chain.pem
    roots: roots.pem
    key: { file: { path: key.pem } }
audit:
  directory: log
  origin: audit.example.org/mesh
  key: { file: { path: audit.pem } }
  publish: public
`;
const rootless = file.replace('    roots: roots.pem\n', '');
const ours = '--issuer-enabled=false';

function config(words: readonly string[], text = file, env: Readonly<Record<string, string>> = {}): ServerConfig {
  const { values } = parseFlags(allFlags, [ours, ...words]);
  return configuration(values, { path: '/etc/cs/istio-csr.yaml', text }, env).config;
}

function complaints(words: readonly string[], text = file): readonly string[] {
  try {
    config(words, text);
  } catch (thrown) {
    if (thrown instanceof FlagError) return thrown.message.split('\n');
    if (thrown instanceof DocumentError)
      return thrown.problems.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
    throw thrown;
  }
  return [];
}

describe('a server in the place of istio-csr', () => {
  it("Istio 93: has istio-csr's defaults where no flag is given", () => {
    const made = config([]);
    expect(made.trustDomain).toBe('cluster.local');
    expect(made.istio).toMatchObject({
      listen: { host: '0.0.0.0', port: 6443 },
      dialect: 'istio-csr',
      serving: {
        dnsNames: ['cert-manager-istio-csr.cert-manager.svc'],
        ipAddresses: [],
        keyType: 'rsa:2048',
        lifetimeSeconds: 3600,
        renewAt: 0.667,
      },
      maxCertificateLifetimeSeconds: 3600,
      tls: { minVersion: 'TLSv1.2' },
    });
    expect(['::', '0.0.0.0']).toContain(made.admin.listen.host);
    expect(made.admin.listen.port).toBe(9402);
    expect(made.admin.probe).toMatchObject({ listen: { port: 6060 }, path: '/readyz' });
    expect(made.telemetry.logs).toEqual({ format: 'text', level: 'info' });
    expect(made.authenticators).toMatchObject([
      { kind: 'k8s-token', mode: 'review', audiences: ['istio-ca'], cluster: 'Kubernetes', trustedNodeAccounts: [] },
    ]);
    expect(made.distribution).toEqual({
      lease: { namespace: 'istio-system', name: 'istio-csr' },
      rootConfigMap: { name: 'istio-ca-root-cert', key: 'root-cert.pem', namespaceSelector: '' },
    });
    expect(made.policies).toEqual([expect.stringMatching(/policies\/istio\.yaml$/)]);
  });

  it.each<readonly [readonly string[], object]>([
    [['--trust-domain=mesh.example'], { trustDomain: 'mesh.example' }],
    [['--serving-address=127.0.0.1:7443'], { istio: { listen: { host: '127.0.0.1', port: 7443 } } }],
    [['-a', '[::1]:7443'], { istio: { listen: { host: '::1', port: 7443 } } }],
    [
      ['--serving-certificate-dns-names=a.b.svc,c.svc,a.b.svc'],
      { istio: { serving: { dnsNames: ['a.b.svc', 'c.svc'] } } },
    ],
    [['-t', '90m'], { istio: { serving: { lifetimeSeconds: 5400 } } }],
    [['--serving-certificate-key-size=4096'], { istio: { serving: { keyType: 'rsa:4096' } } }],
    [
      ['--serving-signature-algorithm=ECDSA', '--serving-certificate-key-size=384'],
      { istio: { serving: { keyType: 'ec:P-384' } } },
    ],
    [['--serving-tls-min-version=VersionTLS13'], { istio: { tls: { minVersion: 'TLSv1.3' } } }],
    [['--serving-tls-min-version=VersionTLS12'], { istio: { tls: { minVersion: 'TLSv1.2' } } }],
    [
      ['--serving-tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256'],
      { istio: { tls: { minVersion: 'TLSv1.2', ciphers: expect.arrayContaining(['ECDHE-RSA-AES128-GCM-SHA256']) } } },
    ],
    [['--serving-tls-cipher-suites=TLS_AES_128_GCM_SHA256'], { istio: { tls: { minVersion: 'TLSv1.3' } } }],
    [
      ['--serving-tls-curve-preferences=4588,X25519,CurveP256,P-256,P384'],
      { istio: { tls: { groups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'] } } },
    ],
    [['-m', '15m'], { istio: { maxCertificateLifetimeSeconds: 900 } }],
    [['--metrics-port=9999'], { admin: { listen: { port: 9999 } } }],
    [
      ['--readiness-probe-port=6161', '--readiness-probe-path=/ready'],
      { admin: { probe: { listen: { port: 6161 }, path: '/ready' } } },
    ],
    [['--log-format=JSON', '-v5'], { telemetry: { logs: { format: 'json', level: 'debug' } } }],
    [['--root-ca-file=', '--kubeconfig=', '--context='], { trustDomain: 'cluster.local' }],
    [['--cluster-id=east'], { authenticators: [{ cluster: 'east' }] }],
    [['--enable-client-cert-authenticator'], { authenticators: [{ kind: 'client-cert' }, { kind: 'k8s-token' }] }],
    [
      ['--ca-trusted-node-accounts=istio-system/ztunnel,kube-system/cni'],
      { authenticators: [{ trustedNodeAccounts: ['istio-system/ztunnel', 'kube-system/cni'] }] },
    ],
    [
      ['--kubeconfig=/k', '--context=c'],
      {
        authenticators: [{ kubeconfig: { path: '/k', context: 'c' } }],
        distribution: { kubeconfig: { path: '/k', context: 'c' } },
      },
    ],
    [['--leader-election-namespace=ns'], { distribution: { lease: { namespace: 'ns', name: 'istio-csr' } } }],
    [
      ['--configmap-namespace-selector=a in (b,c),!d'],
      { distribution: { rootConfigMap: { namespaceSelector: 'a in (b,c),!d' } } },
    ],
    [
      ['--istiod-cert-enabled'],
      {
        distribution: {
          istiod: {
            namespace: 'istio-system',
            secret: 'istiod-tls',
            revisions: ['default'],
            additionalDnsNames: [],
            keyType: 'rsa:2048',
            lifetimeSeconds: 3600,
            renewAt: 0.5,
          },
        },
      },
    ],
    [
      [
        '--istiod-cert-enabled',
        '--istiod-cert-namespace=mesh',
        '--istiod-cert-duration=4h',
        '--istiod-cert-renew-before=1h',
        '--istiod-cert-key-algorithm=ecdsa',
        '--istiod-cert-key-size=0',
        '--istiod-cert-additional-dns-names=x.example',
        '--istiod-cert-istio-revisions=default,canary',
      ],
      {
        distribution: {
          istiod: {
            namespace: 'mesh',
            revisions: ['default', 'canary'],
            additionalDnsNames: ['x.example'],
            keyType: 'ec:P-256',
            lifetimeSeconds: 14_400,
            renewAt: 0.75,
          },
        },
      },
    ],
  ])('%j is configuration', (words, expected) => {
    expect(config(words)).toMatchObject(expected);
  });

  it('--root-ca-file is what every issuer answers with', () => {
    expect(config(['--root-ca-file=/roots/ca.pem'], rootless).issuers).toMatchObject([{ roots: '/roots/ca.pem' }]);
    expect(complaints([], rootless)).toEqual(['4: issuers[0]: "roots" is missing']);
  });

  it("reads Istio's own variable for the audience, as the original does", () => {
    expect(config([], file, { TOKEN_AUDIENCES: 'a, b' }).authenticators).toMatchObject([{ audiences: ['a', 'b'] }]);
    expect(config([], file, { TOKEN_AUDIENCES: '' }).authenticators).toMatchObject([{ audiences: ['istio-ca'] }]);
  });

  it.each([
    ['', 'accept'],
    ['authenticators: [{ kubernetes: { mode: local } }]\n', 'accept'],
    ['authenticators: [{ kubernetes: { unboundTokens: refuse } }]\n', 'refuse'],
  ])(
    'takes tokens that are bound to nothing, as the original does, unless the file says otherwise: %j',
    (more, word) => {
      expect(config([], `${file}${more}`).authenticators).toMatchObject([{ kind: 'k8s-token', unboundTokens: word }]);
    },
  );

  it('takes from the file what the flags have no word for, its way to check tokens too', () => {
    const more =
      'authenticators: [{ kubernetes: { mode: local } }]\ndefaultIssuer: mesh\ndistribution: { clusterTrustBundle: {} }\n';
    const made = config(['--enable-client-cert-authenticator', '--cluster-id=east'], `${file}${more}`);
    expect(made.authenticators).toMatchObject([
      { kind: 'client-cert' },
      { kind: 'k8s-token', mode: 'local', cluster: 'east' },
    ]);
    expect(made.distribution).toMatchObject({ clusterTrustBundle: {}, lease: { name: 'istio-csr' } });
  });
});

describe('what a flag decides', () => {
  it.each([
    ['trustDomain: a.b', '--trust-domain says this: leave it out here'],
    ['istio: { listen: "127.0.0.1:1" }', '--serving-address says this'],
    ['istio: { dialect: istiod }', 'in the place of istio-csr this is always the same'],
    [
      'istio: { serving: { keyType: "rsa:4096" } }',
      '--serving-signature-algorithm and --serving-certificate-key-size say this',
    ],
    ['authenticators: [{ clientCertificate: {} }]', '--enable-client-cert-authenticator says this'],
    ['authenticators: [{ kubernetes: { cluster: x } }]', '--cluster-id says this'],
    ['distribution: { lease: { name: other } }', 'in the place of istio-csr this is always the same'],
    ['telemetry: { logs: { level: debug } }', '--log-level says this'],
  ])('may not stand in the file too: %s', (more, message) => {
    expect(complaints([], `${file}${more}\n`)).toEqual([expect.stringMatching(/^13: /)]);
    expect(complaints([], `${file}${more}\n`)[0]).toContain(message);
  });

  it('may not stand in the file too: roots', () => {
    expect(complaints(['--root-ca-file=/r'])).toEqual([
      '6: issuers[0].roots: --root-ca-file says this: leave it out here',
    ]);
  });

  it('and is wrong is said of the flag; what is wrong in the file, of its line', () => {
    expect(complaints(['--serving-certificate-duration=10s', '--trust-domain=UPPER'])).toEqual([
      expect.stringMatching(/^--trust-domain: /),
      '--serving-certificate-duration: 10s is not between 1m and 398d',
    ]);
    expect(complaints([], `${file}isuers: []\n`)).toEqual(['13: isuers: there is no "isuers" here']);
    expect(complaints(['--configmap-namespace-selector=a in b'])).toEqual([
      expect.stringMatching(/^--configmap-namespace-selector: .*is no requirement of a label selector/),
    ]);
  });
});

describe('istio-csr itself would not start with', () => {
  it.each([
    ['--log-format=xml', '--log-format: text or json'],
    ['--serving-certificate-dns-names=', '--serving-certificate-dns-names: at least one name is needed'],
    ['--serving-signature-algorithm=rsa', '--serving-certificate-key-size: "rsa" is neither RSA nor ECDSA'],
    ['--serving-signature-algorithm=ECDSA', 'an ECDSA key of 2048 bits is not made here: one of 256, 384'],
    ['--serving-tls-min-version=VersionTLS11', '"VersionTLS11" is not VersionTLS12 or VersionTLS13'],
    ['--serving-tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA', '"TLS_RSA_WITH_RC4_128_SHA" is no suite that we have'],
    ['--serving-tls-curve-preferences=CurveP257', '"CurveP257" is no group that we have; did you mean CurveP256?'],
    ['--max-concurrent-reconciles=0', '--max-concurrent-reconciles: at least 1'],
    ['--metrics-port=70000', '--metrics-port: 70000 is not a port: 0 to 65535'],
    ['--serving-address=6443', '--serving-address: an address is HOST:PORT, or :PORT for all interfaces'],
    ['--certificate-request-additional-annotations=a b=c', '"a b" is no name of an annotation'],
  ])('%s', (word, message) => {
    expect(complaints([word])).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    [['--istiod-cert-renew-before=1h'], '--istiod-cert-renew-before: must be shorter than --istiod-cert-duration'],
    [['--istiod-cert-key-size=1024'], '--istiod-cert-key-size: an RSA key of 1024 bits is not made here'],
    [['--istiod-cert-key-algorithm=Ed25519'], '--istiod-cert-key-size: "ED25519" is neither RSA nor ECDSA'],
  ])('%j, and only when --istiod-cert-enabled', (words, message) => {
    expect(complaints(words)).toEqual([]);
    expect(complaints([...words, '--istiod-cert-enabled'])).toEqual([expect.stringContaining(message)]);
  });

  it('an issuer named by half', () => {
    expect(complaints(['-e', '--issuer-name='])).toEqual([
      '--issuer-name: is empty: name, kind and group of an issuer go together, or all stay empty',
    ]);
    expect(complaints(['-e', '--issuer-name=', '--issuer-kind=', '--issuer-group='])).toEqual([]);
  });
});

describe('every flag', () => {
  /** A value for each that is not its default. */
  const others: Readonly<Record<string, readonly string[]>> = {
    'log-level': ['--log-level=4'],
    'log-format': ['--log-format=json'],
    'readiness-probe-path': ['--readiness-probe-path=/other'],
    'serving-signature-algorithm': ['--serving-signature-algorithm=ECDSA', '--serving-certificate-key-size=256'],
    'serving-certificate-key-size': ['--serving-certificate-key-size=3072'],
    'serving-tls-cipher-suites': ['--serving-tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    'serving-tls-min-version': ['--serving-tls-min-version=VersionTLS13'],
    'serving-tls-curve-preferences': ['--serving-tls-curve-preferences=P256'],
    'issuer-enabled': ['--issuer-enabled=true'],
    'runtime-issuance-config-map-name': [
      '--runtime-issuance-config-map-name=a',
      '--runtime-issuance-config-map-namespace=b',
    ],
    'serving-address': ['--serving-address=:1234'],
    'ca-trusted-node-accounts': ['--ca-trusted-node-accounts=a/b'],
    'istiod-cert-key-algorithm': ['--istiod-cert-key-algorithm=ECDSA', '--istiod-cert-key-size=256'],
    'istiod-cert-key-size': ['--istiod-cert-key-size=4096'],
    'istiod-cert-duration': ['--istiod-cert-duration=3h'],
    'istiod-cert-renew-before': ['--istiod-cert-renew-before=15m'],
    context: ['--kubeconfig=/k', '--context=c'],
  };
  const byKind: Readonly<Record<string, (name: string) => string>> = {
    text: (name) => `--${name}=other`,
    truth: (name) => `--${name}`,
    integer: (name) => `--${name}=7`,
    count: (name) => `--${name}=7`,
    duration: (name) => `--${name}=47m`,
    list: (name) => `--${name}=x.example`,
    texts: (name) => `--${name}=x`,
    map: (name) => `--${name}=a=b`,
  };

  it.each(Object.entries(istioCsrFlags))(
    '%s has a consequence: another configuration, an error that names it, or a word why not',
    (name, fact) => {
      const words = others[name] ?? [byKind[fact.reader.name]?.(name) ?? ''];
      // istiod's flags count once its certificate is asked for
      const before = name.startsWith('istiod-cert-') ? [ours, '--istiod-cert-enabled'] : [ours];
      const text = name === 'root-ca-file' ? rootless : file;
      const outcome = (line: readonly string[]) => {
        const { values, given } = parseFlags(allFlags, line);
        try {
          const made = configuration(values, { path: '/etc/c.yaml', text }, {});
          return { config: made.config, said: notesOn(given, values).join('\n') };
        } catch (thrown) {
          if (thrown instanceof FlagError || thrown instanceof DocumentError)
            return { config: undefined, said: thrown.message };
          throw thrown;
        }
      };
      const plain = outcome(name === 'istiod-cert-enabled' ? [ours] : before);
      const changed = outcome([...before, ...words]);
      if (JSON.stringify(changed.config) === JSON.stringify(plain.config))
        expect(changed.said).toContain(`--${name} changes nothing: `);
      else if (changed.config === undefined)
        expect(changed.said).toMatch(name === 'issuer-enabled' ? /--issuer-name: / : new RegExp(`--${name}: `));
    },
  );

  it('says nothing against flags that were not given, or given their own default as the chart does', () => {
    const defaults = ['-c', 'istio-system', '--issuer-name=istio-ca', '--istiod-cert-duration=60m', '--cache-dir='];
    const { values, given } = parseFlags(allFlags, [ours, ...defaults]);
    expect(notesOn(given, values)).toEqual(['--issuer-enabled changes nothing: it leaves signing to our own issuers']);
  });
});

describe('what is not there is refused, not passed over', () => {
  it.each([
    [['-e'], "--issuer-name: cert-manager's Issuer.cert-manager.io/istio-ca is to sign, and the file names issuers of"],
    [
      ['--runtime-issuance-config-map-name=a', '--runtime-issuance-config-map-namespace=b'],
      '--runtime-issuance-config-map-name: the issuer that the ConfigMap b/a names is to sign, and the file names issuers',
    ],
    [['--server=https://x'], '--server: write it into a kubeconfig'],
    [['--insecure-skip-tls-verify'], '--insecure-skip-tls-verify: the API server is always verified'],
    [['--as-group=a'], '--as-group: we act as ourselves'],
    [['--request-timeout=5s'], '--request-timeout: say how long'],
  ])('%j', (words, message) => {
    expect(complaints(words)).toEqual([expect.stringContaining(message)]);
  });

  it('a token on the line is never repeated', () => {
    expect(complaints(['--token=CANARY']).join()).not.toContain('CANARY');
  });

  it('without a file and without an issuer nobody could sign: what it must say is said', () => {
    const { values } = parseFlags(allFlags, [ours]);
    expect(() => flagsAlone(values, '/home', () => ({}), {})).toThrow('do not say who signs');
  });
});

describe("an issuer of cert-manager's", () => {
  const withoutIssuers = file.replace(/issuers:[\s\S]*?(?=audit:)/, '');
  const issuersOf = (words: readonly string[], text = withoutIssuers) => {
    const { values } = parseFlags(allFlags, words);
    return configuration(values, { path: '/etc/cs/c.yaml', text }, {}).config.issuers;
  };
  const requests = {
    namespace: 'istio-system',
    issuer: { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' },
    annotations: {},
    preserve: false,
  };

  it('is what the flags name: with their defaults istio-ca, in either way', () => {
    expect(issuersOf([])).toMatchObject([{ kind: 'cert-manager', name: 'cert-manager', way: 'either', requests }]);
    expect(issuersOf([])[0]).not.toHaveProperty('roots');
  });

  it('has every flag of CertificateRequests heeded', () => {
    const words = [
      '-c=certs',
      '-d',
      '-u=mesh',
      '-k=ClusterIssuer',
      '-g=ca.example.com',
      '--certificate-request-additional-annotations=example.org/a=b,c=',
      '--runtime-issuance-config-map-name=issuer',
      '--runtime-issuance-config-map-namespace=istio-system',
      '--root-ca-file=/etc/tls/ca.pem',
      '--kubeconfig=/etc/kubeconfig',
      '--context=here',
    ];
    expect(issuersOf(words)).toMatchObject([
      {
        roots: '/etc/tls/ca.pem',
        requests: {
          namespace: 'certs',
          preserve: true,
          issuer: { name: 'mesh', kind: 'ClusterIssuer', group: 'ca.example.com' },
          annotations: { 'example.org/a': 'b', c: '' },
          runtime: { configMap: 'issuer', namespace: 'istio-system' },
          kubeconfig: { path: '/etc/kubeconfig', context: 'here' },
        },
      },
    ]);
  });

  it('Istio 94: may be named by a ConfigMap alone', () => {
    const runtime = ['--runtime-issuance-config-map-name=a', '--runtime-issuance-config-map-namespace=b'];
    const [issuer] = issuersOf([ours, ...runtime]);
    expect(issuer).toMatchObject({ requests: { runtime: { configMap: 'a', namespace: 'b' } } });
    expect(issuer?.kind === 'cert-manager' && issuer.requests.issuer).toBeUndefined();
  });

  it('may have in the file what the flags have no word for, and nothing else', () => {
    const entry = (more: string) => `issuers: [{ name: mesh, certManager: { ${more} } }]\n${withoutIssuers}`;
    expect(issuersOf([], entry('way: relay'))).toMatchObject([{ name: 'mesh', way: 'relay', requests }]);
    expect(() => issuersOf([], entry('namespace: other'))).toThrow('--certificate-namespace says this: leave it out');
  });

  it('needs no file', () => {
    const audit = { directory: 'log', origin: 'a', key: { file: { path: 'k' } }, publish: 'public' };
    const { values } = parseFlags(allFlags, []);
    const { config: alone } = flagsAlone(values, '/home', () => audit, {});
    expect(alone).toMatchObject({ issuers: [{ requests }], audit: { directory: '/home/log' } });
    expect(alone.policies).toEqual([expect.stringMatching(/policies\/istio\.yaml$/)]);
  });
});
