import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '#config/load.ts';
import { DocumentError } from '#document/problem.ts';
import { changed, minimal } from './minimal.ts';

const parse = (text: string) => parseConfig(text, '/etc/countersign/server.yaml', 'server.yaml');

function complaint(text: string): string {
  try {
    parse(text);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  throw new Error('the configuration was accepted');
}

const secretPin = 'pkcs11: { uri: "pkcs11:object=a", module: /m.so, pin: { env: PIN } }';

/** [what is wrong, the text, every line of the answer] */
const invalid: readonly (readonly [string, string, readonly string[]])[] = [
  ['an empty file', '', ['server.yaml:1:1: the file is empty']],
  [
    'a mistyped key at the top',
    changed('trustDomain:', 'trustDomian:'),
    [
      'server.yaml:1:1: "trustDomain" is missing',
      'server.yaml:3:1: trustDomian: there is no "trustDomian" here (did you mean "trustDomain"?)',
    ],
  ],
  [
    'a mistyped key deep inside',
    `${minimal}istio:\n  limits:\n    maxConcurentCalls: 1\n`,
    [
      'server.yaml:21:5: istio.limits.maxConcurentCalls: there is no "maxConcurentCalls" here (did you mean "maxConcurrentCalls"?)',
    ],
  ],
  [
    'another kind',
    changed('kind: ServerConfig', 'kind: IssuancePolicy'),
    ['server.yaml:2:7: kind: "IssuancePolicy" is not "ServerConfig"'],
  ],
  [
    'no authenticator',
    changed('authenticators:\n  - clientCertificate: {}', 'authenticators: []'),
    ['server.yaml:4:17: authenticators: the list needs at least 1 item(s)'],
  ],
  [
    'an authenticator of two kinds',
    changed(
      '  - clientCertificate: {}',
      '  - clientCertificate: {}\n    oidc: { issuer: i, audiences: [a], jwks: { file: j } }',
    ),
    [
      'server.yaml:5:5: authenticators[0]: exactly one of clientCertificate, oidc, kubernetes, xfcc belongs here; clientCertificate and oidc are given',
    ],
  ],
  [
    'trusted node accounts that are none',
    changed(
      'clientCertificate: {}',
      'kubernetes: { trustedNodeAccounts: [istio-system/ztunnel, ztunnel, a/b/c, istio-system/*] }',
    ),
    [
      'server.yaml:5:63: authenticators[0].kubernetes.trustedNodeAccounts[1]: "ztunnel" is not namespace/serviceaccount, such as istio-system/ztunnel',
      'server.yaml:5:72: authenticators[0].kubernetes.trustedNodeAccounts[2]: "a/b/c" is not namespace/serviceaccount, such as istio-system/ztunnel',
      'server.yaml:5:79: authenticators[0].kubernetes.trustedNodeAccounts[3]: "istio-system/*" is not namespace/serviceaccount, such as istio-system/ztunnel',
    ],
  ],
  [
    'trusted proxies that are no networks, or everybody',
    changed('clientCertificate: {}', 'xfcc: { trustedProxies: [192.0.2.7, 10.0.0.0/8, "::/0"] }'),
    [
      'server.yaml:5:30: authenticators[0].xfcc.trustedProxies[0]: "192.0.2.7" is not a network, such as 10.0.0.0/24, fd00::/64 or 192.0.2.7/32',
      'server.yaml:5:53: authenticators[0].xfcc.trustedProxies[2]: "::/0" is everybody: list the proxies that may speak for others',
    ],
  ],
  [
    'a JWKS over plain HTTP',
    changed('clientCertificate: {}', 'oidc: { issuer: i, audiences: [a], jwks: { url: "http://keys.example.org" } }'),
    ['server.yaml:5:53: authenticators[0].oidc.jwks.url: not a URL that begins with https://'],
  ],
  [
    'a CA for a JWKS file, and an identity of another trust domain',
    changed(
      'clientCertificate: {}',
      'oidc: { issuer: i, audiences: [a], jwks: { file: j, ca: c }, identity: "spiffe://x/ns/{a}" }',
    ),
    [
      'server.yaml:5:61: authenticators[0].oidc.jwks.ca: a file needs no CA: this goes with "url"',
      'server.yaml:5:76: authenticators[0].oidc.identity: the identity template must begin with spiffe://cluster.local/',
    ],
  ],
  [
    'a JWKS URL with a password',
    changed(
      'clientCertificate: {}',
      'oidc: { issuer: i, audiences: [a], jwks: { url: "https://u:pw@keys.example.org" } }',
    ),
    ['server.yaml:5:53: authenticators[0].oidc.jwks.url: a URL here holds no user name and no password'],
  ],
  [
    'Kubernetes callers whose times, aliases and context make no sense',
    changed(
      'clientCertificate: {}',
      'kubernetes: { context: c, timeout: 10s, clusterAliases: [{ alias: Kubernetes, cluster: x }, { alias: y, cluster: x }, { alias: y, cluster: z }], local: { staleAfter: 30s, serveFor: 25h } }',
    ),
    [
      'server.yaml:5:28: authenticators[0].kubernetes.context: our own pod has no contexts: this goes with "kubeconfig"',
      'server.yaml:5:40: authenticators[0].kubernetes.timeout: 10s is not between 1s and 9s',
      'server.yaml:5:171: authenticators[0].kubernetes.local.staleAfter: 30s is not between 40s and 10m',
      'server.yaml:5:186: authenticators[0].kubernetes.local.serveFor: 25h is not between 30s and 24h',
      'server.yaml:5:71: authenticators[0].kubernetes.clusterAliases[0].alias: this is the id of this cluster itself',
      'server.yaml:5:132: authenticators[0].kubernetes.clusterAliases[2].alias: "y" is an alias already',
    ],
  ],
  [
    'Kubernetes callers served for less time than it takes to notice',
    changed('clientCertificate: {}', 'kubernetes: { local: { staleAfter: 2m, serveFor: 1m } }'),
    ['server.yaml:5:54: authenticators[0].kubernetes.local.serveFor: 1m is not between 2m and 24h'],
  ],
  [
    'two entries for Kubernetes',
    changed('  - clientCertificate: {}', '  - kubernetes: {}\n  - kubernetes: { mode: local }'),
    ['server.yaml:6:17: authenticators[1].kubernetes: there is one before it: one entry stands for all clusters'],
  ],
  [
    'a token algorithm that is none',
    changed('clientCertificate: {}', 'oidc: { issuer: i, audiences: [a], algorithms: [none], jwks: { file: j } }'),
    [
      'server.yaml:5:53: authenticators[0].oidc.algorithms[0]: "none" is not one of: ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA',
    ],
  ],
  [
    'a trust domain in capitals',
    changed('trustDomain: cluster.local', 'trustDomain: Cluster.Local'),
    ['server.yaml:3:14: trustDomain: not a trust domain: a trust domain holds only a-z, 0-9, ".", "-" and "_"'],
  ],
  [
    'the trust domain as its own alias',
    `${minimal}trustDomainAliases: [old.local, cluster.local]\n`,
    ['server.yaml:19:33: trustDomainAliases[1]: this is the trust domain itself; list only its older names'],
  ],
  [
    'a call that may take longer than clients wait',
    `${minimal}istio: { limits: { callTimeout: 11s } }\n`,
    ['server.yaml:19:33: istio.limits.callTimeout: 11s is not between 1s and 10s'],
  ],
  [
    'a share of the door that is all of it',
    `${minimal}fairness: { inWork: 2048 }\n`,
    [
      "server.yaml:19:21: fairness.inWork: 2048 is not below istio.limits.maxConcurrentCalls (2048): the door would be full before anybody's share counted",
    ],
  ],
  [
    'a rate of nothing',
    `${minimal}fairness: { node: { perSecond: 0 } }\n`,
    ['server.yaml:19:32: fairness.node.perSecond: 0 must be >= 0.01'],
  ],
  [
    'lengths of time that nobody can mean',
    `${minimal}istio: { serving: { lifetime: 10s } }\nshutdown: { grace: 30d }\n`,
    [
      'server.yaml:19:31: istio.serving.lifetime: 10s is not between 1m and 398d',
      'server.yaml:20:20: shutdown.grace: 30d is not between 0s and 10m',
    ],
  ],
  [
    'a duration without a unit',
    `${minimal}shutdown: { grace: "25" }\n`,
    [
      'server.yaml:19:20: shutdown.grace: "25" is not a length of time: a whole number and one of s, m, h, d, such as "90s" or "10m" or "1h"',
    ],
  ],
  [
    'a size in another unit',
    `${minimal}istio: { limits: { maxRequestBytes: 64kB } }\n`,
    [
      'server.yaml:19:37: istio.limits.maxRequestBytes: "64kB" is not a size: a whole number and one of B, KiB, MiB, GiB, such as "512B" or "2KiB" or "64MiB"',
    ],
  ],
  [
    'a port beyond the last',
    `${minimal}admin: { listen: "127.0.0.1:70000" }\n`,
    ['server.yaml:19:18: admin.listen: 70000 is not a port: the highest is 65535'],
  ],
  [
    'an address without a port',
    `${minimal}admin: { listen: localhost }\n`,
    [
      'server.yaml:19:18: admin.listen: "localhost" is not an address to listen on, host:port, such as "127.0.0.1:15012" or "[::]:15012"',
    ],
  ],
  [
    'an IP address among DNS names, and the reverse',
    `${minimal}istio: { serving: { dnsNames: [10.0.0.1, "a b"], ipAddresses: [localhost] } }\n`,
    [
      'server.yaml:19:32: istio.serving.dnsNames[0]: 10.0.0.1 is an IP address: list it under ipAddresses',
      'server.yaml:19:42: istio.serving.dnsNames[1]: "a b" is not a DNS name',
      'server.yaml:19:64: istio.serving.ipAddresses[0]: "localhost" is not an IP address',
    ],
  ],
  [
    'a serving certificate for nobody',
    `${minimal}istio: { serving: { dnsNames: [], ipAddresses: [] } }\n`,
    ['server.yaml:19:19: istio.serving: a serving certificate needs at least one DNS name or IP address'],
  ],
  [
    'no key kind',
    changed('      file: { path: key.pem }', '      {}'),
    ['server.yaml:11:7: issuers[0].key: exactly one of pkcs11, file, memory belongs here; none is given'],
  ],
  [
    'a certificate that is missing',
    changed('    certificate: chain.pem\n', ''),
    ['server.yaml:7:5: issuers[0]: "certificate" is missing'],
  ],
  [
    'two issuers of one name, and a default that is none of them',
    changed(
      'policies:',
      '  - { name: mesh, certificate: c, roots: r, key: { file: { path: k } } }\ndefaultIssuer: mehs\npolicies:',
    ),
    [
      'server.yaml:12:13: issuers[1].name: a second issuer named "mesh"',
      'server.yaml:13:16: defaultIssuer: there is no issuer "mehs"; known: mesh, mesh (did you mean "mesh"?)',
    ],
  ],
  [
    'a PIN inside the URI',
    changed('file: { path: key.pem }', secretPin.replace('object=a', 'object=a?pin-value=CANARY-1234')),
    [
      'server.yaml:11:22: issuers[0].key.pkcs11.uri: not a usable PKCS#11 URI: pin-value puts the PIN where others can read it; use pin-source, or name a file or environment variable',
    ],
  ],
  [
    'a PIN source inside the URI, and a PIN from two places',
    changed(
      'file: { path: key.pem }',
      secretPin.replace('object=a', 'object=a?pin-source=file:/pin').replace('env: PIN', 'env: PIN, file: pin'),
    ),
    [
      'server.yaml:11:22: issuers[0].key.pkcs11.uri: say under "pin" where the PIN is, not in the URI',
      'server.yaml:11:82: issuers[0].key.pkcs11.pin: exactly one of file, env belongs here; file and env are given',
    ],
  ],
  [
    'a store that is published as it is',
    changed('publish: public', 'publish: ./log/'),
    ['server.yaml:18:12: audit.publish: the store lies in this folder: what is published needs a folder of its own'],
  ],
  [
    'a store inside what is published',
    changed('publish: public', 'publish: .'),
    ['server.yaml:18:12: audit.publish: the store lies in this folder: what is published needs a folder of its own'],
  ],
  [
    'a log key of before without its time, and one that is nowhere',
    changed(
      '  publish:',
      '  previousKeys: [{ key: { file: { path: k } } }, { until: 2027-01-31T00:00:00Z }]\n  publish:',
    ),
    [
      'server.yaml:18:18: audit.previousKeys[0]: "until" is missing: when does this key sign for the last time?',
      'server.yaml:18:50: audit.previousKeys[1]: exactly one of key, vkey belongs here; none is given',
    ],
  ],
  [
    'a log key of before that signs until no moment, and a vkey that is none and signs',
    changed(
      '  publish:',
      '  previousKeys: [{ key: { file: { path: k } }, until: 30d }, { vkey: a, until: 2027-01-31T00:00:00Z }]\n  publish:',
    ),
    [
      'server.yaml:18:55: audit.previousKeys[0].until: not a moment in UTC, such as 2027-01-31T00:00:00Z',
      'server.yaml:18:70: audit.previousKeys[1].vkey: verifier key: its id must be 8 hexadecimal digits',
      'server.yaml:18:80: audit.previousKeys[1].until: a vkey alone signs nothing: leave this out',
    ],
  ],
  [
    'a FIPS level that is not built yet',
    `${minimal}fips: { level: provider }\n`,
    ['server.yaml:19:16: fips.level: "provider" is not supported yet; use off or policy'],
  ],
  [
    'a collector that is not spoken to over HTTP',
    `${minimal}telemetry: { tracing: { otlp: { endpoint: "grpc://otel:4317" } } }\n`,
    ['server.yaml:19:43: telemetry.tracing.otlp.endpoint: not a URL that begins with http:// or https://'],
  ],
];

describe('a server configuration', () => {
  it.each(invalid)('refuses %s, and says where and what would be right', (_, text, lines) => {
    expect(complaint(text).split('\n')).toEqual(lines);
  });

  it.each([
    ['a space', 'audit.example.org mesh'],
    ['"+"', 'audit.example.org+mesh'],
    ['a line break', 'audit.example.org\\nmesh'],
  ])('A-17: refuses a log name with %s', (_, origin) => {
    const answer = complaint(changed('origin: audit.example.org/mesh', `origin: "${origin}"`));
    expect(answer).toBe(
      'server.yaml:15:11: audit.origin: a log\'s name holds no space, no line break and no "+", such as audit.example.org/mesh',
    );
  });

  it.each(['CANARY', '"CANARY 1234"', '[CANARY]'])('A-5: never repeats a PIN that somebody wrote down: %s', (pin) => {
    const answer = complaint(changed('file: { path: key.pem }', secretPin.replace('{ env: PIN }', pin)));
    expect(answer).toMatch(
      /^server\.yaml:11:\d+: issuers\[0\]\.key\.pkcs11\.pin: a secret does not stand in this file/,
    );
    expect(answer).not.toContain('CANARY');
  });

  it('A-5: never repeats a PIN that somebody put into a URI', () => {
    const uri = 'pkcs11:object=a?pin-value=CANARY-1234';
    expect(complaint(changed('file: { path: key.pem }', secretPin.replace('pkcs11:object=a', uri)))).not.toContain(
      'CANARY',
    );
  });

  it('needs few lines: everything else has a default', () => {
    const { config } = parse(minimal);
    expect(config).toMatchObject({
      trustDomain: 'cluster.local',
      instance: { name: hostname() },
      istio: {
        listen: { host: '127.0.0.1', port: 15012 },
        dialect: 'istiod',
        limits: { callTimeoutMs: 10_000, maxRequestBytes: 65_536 },
        serving: { lifetimeSeconds: 86_400, renewAt: 0.5 },
      },
      admin: { listen: { host: '127.0.0.1', port: 9402 } },
      fairness: { inWork: 1024, keptForRenewals: 0.25, serviceAccount: { perSecond: 50, burst: 14_000 } },
      authenticators: [{ kind: 'client-cert' }],
      defaultIssuer: 'mesh',
      audit: { includeCertificate: true, maxSkewMs: 10_000 },
      fips: { level: 'off' },
      telemetry: { logs: { format: 'auto', level: 'info' } },
      shutdown: { graceMs: 25_000 },
    });
    expect(config.telemetry).not.toHaveProperty('tracing');
  });

  it('counts relative paths from its own folder and leaves absolute ones alone', () => {
    const { config } = parse(changed('roots: roots.pem', 'roots: /srv/roots.pem'));
    expect(config.issuers[0]).toEqual({
      kind: 'key',
      name: 'mesh',
      roots: '/srv/roots.pem',
      key: { kind: 'file', path: '/etc/countersign/key.pem', certificate: '/etc/countersign/chain.pem' },
    });
    expect(config.policies).toEqual(['/etc/countersign/istio.yaml']);
    expect(config.audit.directory).toBe('/etc/countersign/log');
  });

  it('takes an IPv6 address in brackets', () => {
    const { config } = parse(`${minimal}admin: { listen: "[::1]:0" }\n`);
    expect(config.admin.listen).toEqual({ host: '::1', port: 0 });
  });

  it('reads the shipped example, which shows every kind of key', () => {
    const example = loadConfig(new URL('../../docs/countersign.example.yaml', import.meta.url).pathname);
    expect(example.config.issuers.map((issuer) => (issuer.kind === 'key' ? issuer.key.kind : issuer.way))).toEqual([
      'pkcs11',
      'file',
      'memory',
      'either',
    ]);
    expect(example.config.authenticators.map(({ kind }) => kind)).toEqual(['client-cert', 'k8s-token', 'oidc']);
    expect(example.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says plainly that a file is not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const file = join(folder, 'server.yaml');
      expect(() => loadConfig(file)).toThrow(`${file}:1:1: there is no such file`);
      writeFileSync(file, minimal);
      expect(loadConfig(file).sha256).toBe(parse(minimal).sha256);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
