import { afterAll, beforeAll } from 'vitest';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { upstreamSuite } from '#test/e2e/spire/upstream.suite.ts';
import { describeWith } from '#test/oracles.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import { certificateConformance } from './conformance.ts';
import { signingConformance } from './signing-conformance.ts';
import { Site } from './site.ts';

const group = 'countersign.dev';
const starting = 120_000;

describeWith(['control-plane', 'set:cert-manager', 'go:spireupstream'], 'our own issuers', (path) => {
  let site: Site;
  let spire: Access;

  beforeAll(async () => {
    site = await Site.start({ signerNames: 'answer' });
    for (const kind of ['Issuer', 'ClusterIssuer'] as const)
      await site.issuer(kind, 'mesh', { issuer: 'upper', isCA: true });
    spire = await documentedAccess(site.cluster.admin, { namespace: site.namespace }, [], 'docs/spire.md');
  }, starting);
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  for (const kind of ['Issuer', 'ClusterIssuer'])
    certificateConformance(
      { title: `Certificates of our ${kind}`, statement: 'K-38', unsupported: ['ACMEUseARI'] },
      () => ({
        admin: site.cluster.admin,
        namespace: site.namespace,
        issuerRef: { group, kind, name: 'mesh' },
      }),
    );

  signingConformance({ title: 'CertificateSigningRequests', statement: 'K-51' }, () => ({
    admin: site.cluster.admin,
    signerName: `clusterissuers.${group}/mesh`,
    roots: site.upperRoot + site.home.root.pem,
  }));

  upstreamSuite('K-81, K-82: of SPIRE', path('go:spireupstream'), () => ({
    api: spire,
    namespace: site.namespace,
    issuer: { name: 'mesh', kind: 'ClusterIssuer', group },
    trustDomain: 'spire.example',
    trusted: [site.upperRoot, site.home.root.pem],
    chain: 2,
    pathLen: 0,
  }));
});
