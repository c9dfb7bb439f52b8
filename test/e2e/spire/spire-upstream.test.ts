import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { describeWith } from '#test/oracles.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { mint } from './player.ts';
import { upstreamSuite } from './upstream.suite.ts';

describeWith(['control-plane', 'set:cert-manager', 'go:spireupstream'], 'issuers of cert-manager', (path) => {
  const program = path('go:spireupstream');
  let namespace: string;
  let certManager: CertManager;
  let root: TestAuthority;
  let api: Access;

  beforeAll(async () => {
    const cluster = await sharedControlPlane();
    namespace = await createNamespace(cluster.admin, { prefix: 'spire' });
    certManager = await CertManager.start(cluster, namespace);
    root = await certManager.ca('spire-ca');
    api = await documentedAccess(cluster.admin, { namespace }, [], 'docs/spire.md');
  });
  afterAll(() => certManager?.[Symbol.asyncDispose]());

  const issuer = (name: string) => ({ name, kind: 'Issuer', group: 'cert-manager.io' });

  upstreamSuite('a CA issuer', program, () => ({
    api,
    namespace,
    issuer: issuer('spire-ca'),
    trustDomain: 'own.example',
    trusted: [root.pem],
    chain: 1,
    pathLen: -1,
  }));

  it('the player itself notices one that may not sign CAs', async () => {
    await certManager.ca('short', testAuthority({ commonName: 'Short', issuer: root }), root.pem);
    const order = { api, namespace, trustDomain: 'short.example', keyType: 'ec-p256' } as const;
    expect(await mint(program, { ...order, issuer: issuer('short') })).toMatchObject({
      stage: 'authority',
      error: expect.stringMatching(/an SVID below it: .*too many intermediates/),
      chain: 2,
    });
  });
});
