import { describe, expect, it } from 'vitest';
import { FlagError, parseFlags } from '#cli/istio-csr/flags/parse.ts';
import { allFlags, istioCsrFlags } from '#cli/istio-csr/flags/table.ts';

const parse = (...words: readonly string[]) => parseFlags(istioCsrFlags, words);
const none: readonly string[] = [];
const noPairs: ReadonlyMap<string, string> = new Map();

/** Contract istio-ca §4.1, row by row: flag, short form, default. Durations in seconds. */
const contract: readonly (readonly [string, string | undefined, unknown])[] = [
  ['log-level', 'v', 1],
  ['log-format', undefined, 'text'],
  ['readiness-probe-port', undefined, 6060],
  ['readiness-probe-path', undefined, '/readyz'],
  ['metrics-port', undefined, 9402],
  ['trust-domain', undefined, 'cluster.local'],
  ['root-ca-file', undefined, ''],
  ['serving-certificate-duration', 't', 3600],
  ['serving-certificate-dns-names', undefined, ['cert-manager-istio-csr.cert-manager.svc']],
  ['serving-certificate-key-size', undefined, 2048],
  ['serving-signature-algorithm', undefined, 'RSA'],
  ['serving-tls-cipher-suites', undefined, none],
  ['serving-tls-min-version', undefined, ''],
  ['serving-tls-curve-preferences', undefined, none],
  ['preserve-certificate-requests', 'd', false],
  ['certificate-namespace', 'c', 'istio-system'],
  ['issuer-enabled', 'e', true],
  ['issuer-name', 'u', 'istio-ca'],
  ['issuer-kind', 'k', 'Issuer'],
  ['issuer-group', 'g', 'cert-manager.io'],
  ['runtime-issuance-config-map-name', undefined, ''],
  ['runtime-issuance-config-map-namespace', undefined, ''],
  ['certificate-request-additional-annotations', undefined, noPairs],
  ['serving-address', 'a', '0.0.0.0:6443'],
  ['max-client-certificate-duration', 'm', 3600],
  ['cluster-id', undefined, 'Kubernetes'],
  ['enable-client-cert-authenticator', undefined, false],
  ['ca-trusted-node-accounts', undefined, none],
  ['leader-election-namespace', undefined, 'istio-system'],
  ['configmap-namespace-selector', undefined, ''],
  ['disable-kubernetes-client-rate-limiter', undefined, false],
  ['max-concurrent-reconciles', undefined, 1],
  ['istiod-cert-enabled', undefined, false],
  ['istiod-cert-name', undefined, 'istiod-dynamic'],
  ['istiod-cert-namespace', undefined, 'istio-system'],
  ['istiod-cert-duration', undefined, 3600],
  ['istiod-cert-renew-before', undefined, 1800],
  ['istiod-cert-key-algorithm', undefined, 'RSA'],
  ['istiod-cert-key-size', undefined, 2048],
  ['istiod-cert-additional-dns-names', undefined, none],
  ['istiod-cert-additional-annotations', undefined, noPairs],
  ['istiod-cert-istio-revisions', undefined, none],
  ['kubeconfig', undefined, ''],
  ['context', undefined, ''],
  ['cluster', undefined, ''],
  ['user', undefined, ''],
  ['namespace', 'n', ''],
  ['server', 's', ''],
  ['token', undefined, ''],
  ['as', undefined, ''],
  ['as-group', undefined, none],
  ['as-uid', undefined, ''],
  ['certificate-authority', undefined, ''],
  ['client-certificate', undefined, ''],
  ['client-key', undefined, ''],
  ['insecure-skip-tls-verify', undefined, false],
  ['tls-server-name', undefined, ''],
  ['request-timeout', undefined, '0'],
  ['cache-dir', undefined, ''],
  ['disable-compression', undefined, false],
];

describe('the flags of istio-csr', () => {
  it('Istio 93: are those of the contract, with its short forms and defaults, and no other', () => {
    const table = Object.entries(istioCsrFlags).map(([name, fact]) => [
      name,
      'short' in fact ? fact.short : undefined,
      fact.initial,
    ]);
    expect(table).toEqual(contract);
  });

  it('Istio 93: none given is every default', () => {
    expect(parse()).toEqual({
      values: Object.fromEntries(contract.map(([name, , initial]) => [name, initial])),
      given: new Set(),
    });
  });

  it('keep their names beside our own', () => {
    expect(Object.keys(allFlags).slice(-3)).toEqual(['config', 'home', 'ready-file']);
  });

  it.each([
    [['--trust-domain', 'a.b'], { 'trust-domain': 'a.b' }],
    [['--trust-domain=a=b'], { 'trust-domain': 'a=b' }],
    [['--trust-domain='], { 'trust-domain': '' }],
    [['--trust-domain', ''], { 'trust-domain': '' }],
    [['--trust-domain=a', '--trust-domain=b'], { 'trust-domain': 'b' }],
    [['--log-level=5'], { 'log-level': 5 }],
    [['-v', '3'], { 'log-level': 3 }],
    [['-v3'], { 'log-level': 3 }],
    [['-v=3'], { 'log-level': 3 }],
    [['--metrics-port=0x10'], { 'metrics-port': 16 }],
    [['--metrics-port=010'], { 'metrics-port': 8 }],
    [['--metrics-port=1_000'], { 'metrics-port': 1000 }],
    [['--issuer-enabled'], { 'issuer-enabled': true }],
    [['--issuer-enabled=false'], { 'issuer-enabled': false }],
    [['--issuer-enabled=F'], { 'issuer-enabled': false }],
    [
      ['-de=0', '-c', 'ns'],
      { 'preserve-certificate-requests': true, 'issuer-enabled': false, 'certificate-namespace': 'ns' },
    ],
    [['-dcns'], { 'preserve-certificate-requests': true, 'certificate-namespace': 'ns' }],
    [['-t', '1h30m'], { 'serving-certificate-duration': 5400 }],
    [['--serving-certificate-dns-names=a,b'], { 'serving-certificate-dns-names': ['a', 'b'] }],
    [
      ['--serving-certificate-dns-names=a', '--serving-certificate-dns-names=b,"c,d"'],
      { 'serving-certificate-dns-names': ['a', 'b', 'c,d'] },
    ],
    [['--serving-certificate-dns-names='], { 'serving-certificate-dns-names': [] }],
    [['--as-group=a,b', '--as-group=c'], { 'as-group': ['a,b', 'c'] }],
    [
      ['--istiod-cert-additional-annotations=a=1,b=x=y', '--istiod-cert-additional-annotations=c='],
      {
        'istiod-cert-additional-annotations': new Map([
          ['a', '1'],
          ['b', 'x=y'],
          ['c', ''],
        ]),
      },
    ],
    [['--istiod-cert-additional-annotations='], { 'istiod-cert-additional-annotations': new Map() }],
    [['--configmap-namespace-selector', 'a in (b,c),!d'], { 'configmap-namespace-selector': 'a in (b,c),!d' }],
  ])('%j are read as the original reads them', (words, expected) => {
    expect(parse(...words).values).toMatchObject(expected);
  });

  it.each([
    [['--trust-domian=x'], 'there is no flag --trust-domian; did you mean --trust-domain?'],
    [['--nothing-like-it-at-all'], 'there is no flag --nothing-like-it-at-all'],
    [['-x'], 'there is no flag -x'],
    [['--trust-domain'], '--trust-domain: a value is missing'],
    [['-v'], '--log-level: a value is missing'],
    [['--log-level=-1'], '--log-level: "-1" is not a whole number'],
    [['--metrics-port='], '--metrics-port: an empty value is not a whole number'],
    [['--metrics-port=9402.5'], '--metrics-port: "9402.5" is not a whole number'],
    [['--metrics-port=0x'], '--metrics-port: "0x" is not a whole number'],
    [['--issuer-enabled=yes'], '--issuer-enabled: "yes" is not true or false'],
    [['--issuer-enabled='], '--issuer-enabled: an empty value is not true or false'],
    [['--issuer-enabled', 'false'], '"false" is no flag: only flags are taken here'],
    [['-t=1d'], '--serving-certificate-duration: "1d" is not a length of time such as 1h, 90m or 1h30m'],
    [['--istiod-cert-additional-annotations=a'], '--istiod-cert-additional-annotations: "a" is not KEY=VALUE'],
    [['--serving-certificate-dns-names=a"b'], '--serving-certificate-dns-names: the quotes in a"b do not match'],
    [['--', '--trust-domain=x'], '"--trust-domain=x" is no flag: only flags are taken here'],
    [['serve'], '"serve" is no flag: only flags are taken here'],
  ])('%j are refused: %s', (words, message) => {
    expect(() => parse(...words)).toThrow(FlagError);
    expect(() => parse(...words)).toThrow(message);
  });

  it('everything that is wrong is said at once', () => {
    expect(() => parse('--a-flag', '--metrics-port=x', 'y')).toThrow(
      'there is no flag --a-flag\n--metrics-port: "x" is not a whole number\n"y" is no flag: only flags are taken here',
    );
  });
});
