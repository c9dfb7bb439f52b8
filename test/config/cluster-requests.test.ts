import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { complaintOf } from './complaint.ts';
import { changed, minimal } from './minimal.ts';

const own = `    certificate: chain.pem
    roots: roots.pem
    key:
      file: { path: key.pem }
`;
const requesters = 'requesters: [istio-system/istiod]';

const parse = (section: string) =>
  parseConfig(`${minimal}clusterRequests: ${section}\n`, '/etc/countersign/server.yaml', 'server.yaml').config;

const complaint = (section: string) => complaintOf(() => parse(section));

const invalid: readonly (readonly [string, string])[] = [
  ['{}', 'clusterRequests: say which: podCertificates, signingRequests or certificateRequests'],
  ['{ podCertificates: {} }', 'clusterRequests.podCertificates'],
  ['{ podCertificates: { signerName: workload } }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ podCertificates: { signerName: mesh/workload } }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ podCertificates: { signerName: mesh.example/a/b } }', 'podCertificates.signerName: a signer is DOMAIN/PATH'],
  ['{ podCertificates: { signerName: kubernetes.io/kubelet-serving } }', 'signers under kubernetes.io belong'],
  ['{ podCertificates: { signerName: a.kubernetes.io/b } }', 'signers under kubernetes.io belong'],
  ['{ podCertificates: { signerName: mesh.example/a, issuer: other } }', 'there is no issuer other'],
  ['{ context: a, certificateRequests: {} }', 'clusterRequests.context: a context is one of a kubeconfig'],
  ['{ lease: { namespace: A }, certificateRequests: {} }', 'lease.namespace: "A" is no name in Kubernetes'],
  [`{ signingRequests: { signerName: istio, ${requesters} } }`, 'signingRequests.signerName: a signer is DOMAIN/PATH'],
  [
    `{ signingRequests: { signerName: kubernetes.io/kubelet-serving, ${requesters} } }`,
    'signers under kubernetes.io belong',
  ],
  ['{ signingRequests: { signerName: mesh.example/istio, requesters: [] } }', 'needs at least 1 item'],
  [
    '{ signingRequests: { signerName: mesh.example/istio, requesters: [istiod] } }',
    '"istiod" is not namespace/serviceaccount',
  ],
  [`{ signingRequests: { signerName: mesh.example/istio, ${requesters}, root: leave } }`, 'append, omit'],
  [`{ signingRequests: { signerName: mesh.example/istio, ${requesters}, approval: mine } }`, 'cluster, policy'],
  [
    `{ signingRequests: { signerName: kubernetes.io/kubelet-serving, ${requesters}, approval: policy } }`,
    'signers under kubernetes.io belong',
  ],
  [
    '{ certificateRequests: { signerNamesApproval: policy } }',
    'certificateRequests.signerNamesApproval: there is nothing to approve',
  ],
  ['{ certificateRequests: { retryFor: 25h } }', 'clusterRequests.certificateRequests.retryFor: at most 24h'],
];

describe('the section clusterRequests', () => {
  it('needs nothing but what is to be answered', () => {
    expect(
      parse(`{
        podCertificates: { signerName: mesh.example/workload },
        signingRequests: { signerName: mesh.example/istio, ${requesters} },
        certificateRequests: {},
      }`).clusterRequests,
    ).toEqual({
      cluster: 'Kubernetes',
      lease: { namespace: 'istio-system', name: 'countersign-requests' },
      trustBundles: false,
      podCertificates: { signerName: 'mesh.example/workload' },
      signingRequests: {
        signerName: 'mesh.example/istio',
        requesters: ['istio-system/istiod'],
        appendRoot: true,
        approves: false,
      },
      certificateRequests: { retryForMs: 600_000, signerNames: false, approvesSignerNames: false },
    });
    expect(parse('{ certificateRequests: {}, kubeconfig: kube, context: x }').clusterRequests?.kubeconfig).toEqual({
      path: '/etc/countersign/kube',
      context: 'x',
    });
  });

  it('has policy approve where that is said', () => {
    const { clusterRequests } = parse(`{
      signingRequests: { signerName: mesh.example/istio, ${requesters}, approval: policy },
      certificateRequests: { signerNames: answer, signerNamesApproval: policy },
    }`);
    expect(clusterRequests).toMatchObject({
      signingRequests: { approves: true },
      certificateRequests: { signerNames: true, approvesSignerNames: true },
    });
  });

  it('refuses an issuer that would certify what a request names: those of pods name nothing', () => {
    const outside = (way: string) =>
      parseConfig(
        `${changed(own, `    certManager: { issuer: { name: a }, way: ${way} }\n`)}clusterRequests: { podCertificates: { signerName: mesh.example/a } }\n`,
        '/server.yaml',
      );
    for (const way of ['relay', 'either']) expect(() => outside(way)).toThrow(/may be relayed to/);
    expect(outside('intermediate').config.clusterRequests?.podCertificates?.signerName).toBe('mesh.example/a');
  });

  it.each(invalid)('refuses %s', (text, words) => {
    expect(complaint(text)).toContain(words);
  });
});
