import { describe, expect, it } from 'vitest';
import { istiodCertificateSpec } from '#distribution/istiod-certificate-spec.ts';

const terms = {
  namespace: 'istio-system',
  secret: 'istiod-tls',
  uri: 'spiffe://cluster.local/ns/istio-system/sa/istiod-service-account',
  revisions: ['default'],
  additionalDnsNames: [],
  keyType: 'rsa:2048',
  lifetimeSeconds: 3600,
  renewAt: 0.5,
};

describe("Istio 97: istiod's Certificate", () => {
  it('is that of istio-csr, to the form of its durations', () => {
    expect(istiodCertificateSpec(terms)).toEqual({
      commonName: 'istiod.istio-system.svc',
      dnsNames: ['istiod.istio-system.svc'],
      uris: ['spiffe://cluster.local/ns/istio-system/sa/istiod-service-account'],
      secretName: 'istiod-tls',
      duration: '1h0m0s',
      renewBefore: '30m0s',
      privateKey: { rotationPolicy: 'Always', algorithm: 'RSA', size: 2048 },
      revisionHistoryLimit: 1,
    });
  });

  it.each([
    [
      'a name for each revision, then the additional ones, each once',
      { revisions: ['canary', 'default'], additionalDnsNames: ['a.b', 'istiod.istio-system.svc'] },
      {
        commonName: 'istiod.istio-system.svc',
        dnsNames: ['istiod-canary.istio-system.svc', 'istiod.istio-system.svc', 'a.b'],
      },
    ],
    ['ECDSA', { keyType: 'ec:P-384' }, { privateKey: { rotationPolicy: 'Always', algorithm: 'ECDSA', size: 384 } }],
    ['days', { lifetimeSeconds: 2_592_000, renewAt: 0.9 }, { duration: '720h0m0s', renewBefore: '72h0m0s' }],
    ['seconds', { lifetimeSeconds: 650, renewAt: 0.95 }, { duration: '10m50s', renewBefore: '33s' }],
  ])('%s', (_, more, spec) => {
    expect(istiodCertificateSpec({ ...terms, ...more })).toMatchObject(spec);
  });
});
