import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { complaintOf } from './complaint.ts';
import { minimal } from './minimal.ts';

const parse = (distribution: string) =>
  parseConfig(`${minimal}distribution: ${distribution}\n`, '/etc/countersign/server.yaml', 'server.yaml');

const complaint = (distribution: string) => complaintOf(() => parse(distribution));

const invalid: readonly (readonly [string, string])[] = [
  ['{ context: a }', 'distribution.context: a context is one of a kubeconfig: name that too'],
  ['{ lease: { namespace: A } }', 'distribution.lease.namespace: "A" is no name in Kubernetes'],
  ['{ rootConfigMap: { name: kube-root-ca.crt } }', "distribution.rootConfigMap.name: this one is Kubernetes' own"],
  ['{ rootConfigMap: { key: a/b } }', 'distribution.rootConfigMap.key: a key holds letters'],
  ['{ rootConfigMap: { namespaceSelector: "a in b" } }', '"a in b" is no requirement of a label selector'],
  ['{ rootConfigMap: { namespaceSelector: "a=b,,c" } }', '"" is no requirement of a label selector'],
  ['{ rootConfigMap: { namespaceSelector: "a in (b,c),!d,-e" } }', '"-e" is no requirement of a label selector'],
  ['{ crlConfigMap: {} }', 'distribution.crlConfigMap: without the section "revocation" no CRL is signed'],
  ['{ crlConfigMap: { name: istio-ca-root-cert } }', 'distribution.crlConfigMap.name: the roots are in this one'],
  ['{ crlConfigMap: { key: a/b } }', 'distribution.crlConfigMap.key: a key holds letters'],
  ['{ clusterTrustBundle: { name: other } }', 'with that signer name it must be istio.io:istiod-ca:SUFFIX'],
  ['{ clusterTrustBundle: { name: "a:b", signerName: none } }', 'without a signer name it must hold no ":"'],
  ['{ clusterTrustBundle: { name: "a:b", signerName: a } }', 'a signer name is DOMAIN/PATH'],
  ['{ istiod: { revisions: [] } }', 'distribution.istiod.revisions: the list needs at least 1 item(s)'],
  ['{ istiod: { revisions: [v1.2] } }', 'distribution.istiod.revisions[0]: "v1.2" is no name in Kubernetes'],
  ['{ istiod: { additionalDnsNames: ["*"] } }', 'distribution.istiod.additionalDnsNames[0]: "*" is no name'],
  ['{ istiod: { certificate: {} } }', 'cert-manager makes it: the default issuer must have certManager'],
  ['{ istiod: { certificate: { name: A } } }', 'istiod.certificate.name: "A" is no name in Kubernetes'],
  ['{ istiod: { lifetime: 1m } }', 'distribution.istiod.lifetime: 1m is not between 10m and 398d'],
];

describe('the section distribution', () => {
  it('Istio 96: left out values are the names that istio-csr uses', () => {
    expect(parse('{ istiod: {} }').config.distribution).toEqual({
      lease: { namespace: 'istio-system', name: 'istio-csr' },
      rootConfigMap: { name: 'istio-ca-root-cert', key: 'root-cert.pem', namespaceSelector: '' },
      istiod: {
        namespace: 'istio-system',
        secret: 'istiod-tls',
        serviceAccount: 'istiod-service-account',
        revisions: ['default'],
        additionalDnsNames: [],
        keyType: 'rsa:2048',
        lifetimeSeconds: 3600,
        renewAt: 0.5,
      },
    });
    expect(parseConfig(minimal, '/server.yaml').config.distribution).toBeUndefined();
  });

  it.each(invalid)('refuses %s', (text, words) => {
    expect(complaint(text)).toContain(words);
  });

  it.each([
    'a',
    '!a',
    ' a = b , c!=d ',
    'istio.io/rev in (default, canary),env notin (dev)',
    'a==',
    'kubernetes.io/metadata.name notin (kube-public,kube-node-lease)',
  ])('takes the selector "%s"', (selector) => {
    const { config } = parse(`{ rootConfigMap: { namespaceSelector: "${selector}" } }`);
    expect(config.distribution?.rootConfigMap?.namespaceSelector).toBe(selector);
  });

  it('takes a ConfigMap of CRLs where they are signed here by keys that all replicas have', () => {
    const sections = (key: string) =>
      `${minimal.replace('file: { path: key.pem }', key)}revocation: { directory: status }\ndistribution: { crlConfigMap: {} }\n`;
    const { config } = parseConfig(sections('file: { path: key.pem }'), '/server.yaml');
    expect(config.distribution?.crlConfigMap).toEqual({
      name: 'istio-ca-crl',
      key: 'ca-crl.pem',
      namespaceSelector: '',
    });
    const outside = minimal.replace(
      /issuers:[\s\S]*policies/,
      'issuers: [{ name: a, certManager: { way: intermediate, issuer: { name: b } } }]\npolicies',
    );
    const text = `${outside}revocation: { directory: status }\ndistribution: { crlConfigMap: {} }\n`;
    expect(complaintOf(() => parseConfig(text, '/server.yaml'))).toContain(
      'each replica has a CA of its own for issuer a, and no CRL of the others',
    );
  });

  it('can leave out the ConfigMap, and name a bundle without a signer', () => {
    const { distribution } = parse(
      '{ kubeconfig: kube.yaml, context: a, rootConfigMap: { enabled: false }, clusterTrustBundle: { name: mesh, signerName: none } }',
    ).config;
    expect(distribution).toEqual({
      kubeconfig: { path: '/etc/countersign/kube.yaml', context: 'a' },
      lease: { namespace: 'istio-system', name: 'istio-csr' },
      clusterTrustBundle: { name: 'mesh', signerName: '' },
    });
  });
});
