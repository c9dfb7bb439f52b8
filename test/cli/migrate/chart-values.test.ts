import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readLine } from '#cli/istio-csr/flags/parse.ts';
import { istioCsrFlags } from '#cli/istio-csr/flags/table.ts';
import { chartValues } from '#cli/migrate/istio-csr/chart-values.ts';
import { fromValues } from '#cli/migrate/istio-csr/from-values.ts';
import { countersign, parsed, scratch } from '../run-cli.ts';

const ofLine = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  chartValues({ words, env, elsewhere: [], unknown: [], differs: [] });

/** What the flags mean that istio-csr's own chart makes of values. */
const meant = (values: unknown) => readLine(istioCsrFlags, fromValues(values).words).values;

const lines: readonly string[] = [
  '--log-level=3',
  '--log-format=json',
  '--metrics-port=9999',
  '--readiness-probe-port=6161',
  '--readiness-probe-path=/ready',
  '--certificate-namespace=mesh',
  '--preserve-certificate-requests',
  '--issuer-enabled=false',
  '--issuer-name=ca',
  '--issuer-kind=ClusterIssuer',
  '--issuer-group=awspca.cert-manager.io',
  '--trust-domain=mesh.example',
  '--root-ca-file=/ca/root.pem',
  '--serving-certificate-dns-names=a.svc,b.svc',
  '--serving-certificate-duration=90m',
  '--serving-tls-min-version=VersionTLS13',
  '--serving-tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  '--serving-tls-curve-preferences=X25519,4588',
  '--istiod-cert-duration=2h',
  '--istiod-cert-renew-before=10m',
  '--istiod-cert-key-algorithm=ECDSA',
  '--istiod-cert-key-size=256',
  '--istiod-cert-additional-dns-names=x.example',
  '--istiod-cert-istio-revisions=default,canary',
  '--istiod-cert-namespace=mesh',
  '--enable-client-cert-authenticator',
  '--cluster-id=east',
  '--max-client-certificate-duration=30m',
  '--serving-address=127.0.0.1:7443',
  '--serving-certificate-key-size=4096',
  '--ca-trusted-node-accounts=istio-system/ztunnel,a/b',
  '--leader-election-namespace=ns',
  '--configmap-namespace-selector=a in (b, c)',
  '--disable-kubernetes-client-rate-limiter',
  '--max-concurrent-reconciles=4',
  '--runtime-issuance-config-map-name=rt --runtime-issuance-config-map-namespace=istio-system',
  '--certificate-request-additional-annotations=a=b,c=d --istiod-cert-additional-annotations=a=b,c=d',
];

describe("values of the chart from a Deployment's flags", () => {
  it.each(lines)('%s: mean the same again', (line) => {
    const words = [...line.split(/ (?=--)/), '--istiod-cert-enabled'];
    const { values, unsaid } = ofLine(words);
    expect(unsaid).toEqual([]);
    expect(meant(values)).toEqual(readLine(istioCsrFlags, words).values);
  });

  it('all of them at once mean the same again', () => {
    const words = [...lines.flatMap((line) => line.split(/ (?=--)/)), '--istiod-cert-enabled=true'];
    words.splice(words.indexOf('--runtime-issuance-config-map-namespace=istio-system'), 1);
    words.push('--runtime-issuance-config-map-namespace=mesh');
    const { values, unsaid } = ofLine(words);
    expect(unsaid).toEqual([]);
    expect(meant(values)).toEqual(readLine(istioCsrFlags, words).values);
  });

  it("what is as without a flag is left out, but for istiod's certificate, which the chart makes unless told", () => {
    expect(ofLine(['--log-level=1', '--root-ca-file=', '--issuer-kind=Issuer']).values).toEqual({
      app: { tls: { istiodCertificateEnable: false } },
    });
  });

  it('what no value stands for is said', () => {
    const { unsaid } = ofLine([
      '--istiod-cert-name=other',
      '--kubeconfig=/k',
      '--runtime-issuance-config-map-namespace=x',
    ]);
    expect(unsaid.map((sentence) => sentence.split(':')[0])).toEqual([
      '--istiod-cert-name',
      '--kubeconfig',
      '--runtime-issuance-config-map-namespace',
    ]);
  });

  it("the audiences of its environment are the chart's", () => {
    expect(ofLine([], { TOKEN_AUDIENCES: 'a, b' }).values).toMatchObject({ kubernetes: { audiences: ['a', 'b'] } });
  });
});

describe('migrate istio-csr --for chart', () => {
  it('carries the values of its chart over, but for its image, with the words above them', async () => {
    const path = join(scratch(), 'values.yaml');
    const values = { replicaCount: 3, image: { tag: 'v1' }, app: { tls: { trustDomain: 'mesh.example' } } };
    writeFileSync(path, stringify(values));
    const { code, stdout } = await countersign(['migrate', 'istio-csr', '--for', 'chart', '--values', path]);
    expect(code).toBe(0);
    expect(parse(stdout)).toEqual({ replicaCount: 3, app: { tls: { trustDomain: 'mesh.example' } } });
    expect(stdout).toMatch(/^# What has to be done first:\n# {3}- Name: the Service keeps its name/);
    const json = parsed(await countersign(['migrate', 'istio-csr', '--for', 'chart', '--values', path, '--json']));
    expect(json).toMatchObject({ values: { replicaCount: 3 }, first: expect.any(Array), unknown: [] });
    expect(json).not.toHaveProperty('config');
  });
});
