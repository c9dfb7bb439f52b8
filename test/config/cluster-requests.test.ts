import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { complaintOf } from './complaint.ts';
import { changed, minimal } from './minimal.ts';

const own = `    certificate: chain.pem
    roots: roots.pem
    key:
      file: { path: key.pem }
`;

const parse = (section: string) =>
  parseConfig(`${minimal}podCertificates: ${section}\n`, '/etc/countersign/server.yaml', 'server.yaml').config;

const complaint = (section: string) => complaintOf(() => parse(section));

const invalid: readonly (readonly [string, string])[] = [
  ['{}', 'podCertificates'],
  ['{ signerName: workload }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ signerName: mesh/workload }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ signerName: mesh.example/a/b }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ signerName: kubernetes.io/kubelet-serving }', 'podCertificates.signerName: signers under kubernetes.io belong'],
  ['{ signerName: a.kubernetes.io/b }', 'podCertificates.signerName: signers under kubernetes.io belong'],
  ['{ signerName: mesh.example/a, issuer: other }', 'podCertificates.issuer: there is no issuer other'],
  ['{ signerName: mesh.example/a, context: a }', 'podCertificates.context: a context is one of a kubeconfig'],
  [
    '{ signerName: mesh.example/a, lease: { namespace: A } }',
    'podCertificates.lease.namespace: "A" is no name in Kubernetes',
  ],
];

describe('the section podCertificates', () => {
  it('needs the name of the signer alone', () => {
    expect(parse('{ signerName: mesh.example/workload }').podCertificates).toEqual({
      signerName: 'mesh.example/workload',
      cluster: 'Kubernetes',
      lease: { namespace: 'istio-system', name: 'countersign-pod-certificates' },
    });
    expect(parse('{ signerName: a.b/c, kubeconfig: kube, context: x }').podCertificates?.kubeconfig).toEqual({
      path: '/etc/countersign/kube',
      context: 'x',
    });
  });

  it('refuses an issuer that would certify what a request names: those of pods name nothing', () => {
    const outside = (way: string) =>
      parseConfig(
        `${changed(own, `    certManager: { issuer: { name: a }, way: ${way} }\n`)}podCertificates: { signerName: mesh.example/a }\n`,
        '/server.yaml',
      );
    for (const way of ['relay', 'either']) expect(() => outside(way)).toThrow(/may be relayed to/);
    expect(outside('intermediate').config.podCertificates?.signerName).toBe('mesh.example/a');
  });

  it.each(invalid)('refuses %s', (text, words) => {
    expect(complaint(text)).toContain(words);
  });
});

describe('the section signingRequests', () => {
  const signing = (section: string) =>
    parseConfig(`${minimal}signingRequests: ${section}\n`, '/etc/countersign/server.yaml', 'server.yaml').config;

  it('needs a signer, and whose word is taken', () => {
    expect(signing('{ signerName: mesh.example/istio, requesters: [istio-system/istiod] }').signingRequests).toEqual({
      signerName: 'mesh.example/istio',
      requesters: ['istio-system/istiod'],
      appendRoot: true,
      cluster: 'Kubernetes',
      lease: { namespace: 'istio-system', name: 'countersign-signing-requests' },
    });
  });

  it.each([
    ['{ signerName: mesh.example/istio, requesters: [] }', /needs at least 1 item/],
    ['{ signerName: mesh.example/istio, requesters: [istiod] }', /"istiod" is not namespace\/serviceaccount/],
    ['{ signerName: istio, requesters: [a/b] }', /a signer is DOMAIN\/PATH/],
    ['{ signerName: mesh.example/istio, requesters: [a/b], root: leave }', /append, omit/],
  ])('refuses %s', (text, words) => {
    expect(() => signing(text)).toThrow(words);
  });
});
