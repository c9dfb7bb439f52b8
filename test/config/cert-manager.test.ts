import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { complaintOf } from './complaint.ts';
import { changed } from './minimal.ts';

const own = `    certificate: chain.pem
    roots: roots.pem
    key:
      file: { path: key.pem }
`;
const parse = (issuer: string) =>
  parseConfig(changed(own, `${issuer}\n`), '/etc/countersign/server.yaml', 'server.yaml');

const complaint = (issuer: string) => complaintOf(() => parse(issuer));

const invalid: readonly (readonly [string, string])[] = [
  ['{}', 'issuers[0].certManager: at least one of issuer, runtime belongs here'],
  ['{ issuer: { name: A_b } }', 'issuers[0].certManager.issuer.name: "A_b" is no name in Kubernetes'],
  ['{ issuer: { name: a, group: "" } }', 'issuers[0].certManager.issuer.group'],
  ['{ runtime: { configMap: a } }', 'issuers[0].certManager.runtime: "namespace" is missing'],
  ['{ runtime: { configMap: a, namespace: a.b } }', 'issuers[0].certManager.runtime.namespace: "a.b" is no name'],
  ['{ issuer: { name: a }, way: both }', '"both" is not one of: intermediate, relay, either'],
  ['{ issuer: { name: a }, context: c }', 'issuers[0].certManager.context: a context is one of a kubeconfig'],
  ['{ issuer: { name: a }, timeout: 0s }', 'issuers[0].certManager.timeout: 0s is not between 1s and 10m'],
  ['{ issuer: { name: a }, annotations: [{ name: "a b" }] }', 'annotations[0].name: "a b" is no annotation'],
  ['{ issuer: { name: a }, annotations: [{ name: a }, { name: a, value: b }] }', 'annotations[1].name: "a" is given'],
  [
    '{ issuer: { name: a }, annotations: [{ name: istio.cert-manager.io/identities }] }',
    'annotations[0].name: "istio.cert-manager.io/identities" is written by us',
  ],
  ['{ issuer: { name: a }, intermediate: { lifetime: 1m } }', 'intermediate.lifetime: 1m is not between 1h and 3650d'],
];

describe('an issuer of cert-manager', () => {
  it('Istio 96: left out values are those of istio-csr', () => {
    const { config } = parse('    certManager: { issuer: { name: istio-ca } }');
    expect(config.issuers).toEqual([
      {
        kind: 'cert-manager',
        name: 'mesh',
        way: 'either',
        requests: {
          namespace: 'istio-system',
          issuer: { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' },
          annotations: {},
          preserve: false,
          timeoutMs: 30_000,
          maxInFlight: 200,
        },
        intermediate: {
          subject: { commonName: 'Countersign intermediate' },
          keyType: 'ec:P-256',
          lifetimeSeconds: 7 * 86_400,
          renewAt: 0.6,
        },
      },
    ]);
  });

  it('may be named by a ConfigMap alone, and its roots by a file', () => {
    const { config } = parse(`    roots: roots.pem
    certManager:
      way: relay
      runtime: { configMap: issuer, namespace: istio-system }
      annotations: [{ name: example.org/team, value: mesh }, { name: empty }]
      kubeconfig: kubeconfig.yaml
      context: here`);
    expect(config.issuers).toEqual([
      expect.objectContaining({
        roots: '/etc/countersign/roots.pem',
        way: 'relay',
        requests: expect.objectContaining({
          runtime: { configMap: 'issuer', namespace: 'istio-system' },
          annotations: { 'example.org/team': 'mesh', empty: '' },
          kubeconfig: { path: '/etc/countersign/kubeconfig.yaml', context: 'here' },
        }),
      }),
    ]);
  });

  it.each(invalid)('refuses %s', (text, words) => {
    expect(complaint(`    certManager: ${text}`)).toContain(words);
  });

  it('has to say its roots where it is relayed to and is not the default', () => {
    const second = (way: string) => `${own}  - name: other
    certManager: { way: ${way}, issuer: { name: istio-ca } }`;
    expect(complaint(second('relay'))).toContain('issuers[1]: "roots" is missing: only of the default issuer');
    expect(parse(second('intermediate')).config.issuers).toHaveLength(2);
  });

  it('stands instead of a key, whose files it does not have', () => {
    const certManager = 'certManager: { issuer: { name: istio-ca } }';
    expect(complaint(`${own}    ${certManager}`)).toContain(
      'issuers[0]: exactly one of key, certManager belongs here; key and certManager are given',
    );
    expect(complaint('    roots: roots.pem')).toContain('key, certManager belongs here; none is given');
    expect(complaint(`    certificate: chain.pem\n    ${certManager}`)).toContain(
      'issuers[0].certificate: the certificate of this issuer is made while we run: leave this out',
    );
    expect(complaint(own.replace('    roots: roots.pem\n', ''))).toContain('issuers[0]: "roots" is missing');
  });
});
