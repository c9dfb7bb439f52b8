import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eager, judgedChain, leafOf, PilotAgent } from '#test/e2e/pilot-agent/agent.ts';
import { describeWith } from '#test/oracles.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { askOpenssl } from '#test/support/judges.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { istioWith, Relaying, Site } from './relayed.ts';

/** An agent waits for its own half-lives, whatever else is going on. */
vi.setConfig({ testTimeout: 90_000 });

describeWith(
  ['control-plane', 'set:cert-manager', 'set:pilot-agent', 'openssl'],
  "Istio's own agent at a server that relays to cert-manager's CA issuer",
  (path) => {
    let site: Site;
    let certManager: CertManager;
    let root: TestAuthority;
    let server: Relaying;
    beforeAll(async () => {
      const cluster = await sharedControlPlane();
      site = await Site.make(cluster, ['web']);
      certManager = await CertManager.start(cluster, site.namespace);
      root = await certManager.ca('istio-ca');
      const home = await site.home({ issuer: { name: 'istio-ca' } }, istioWith('5s'));
      server = await Relaying.start(home, root.pem);
      home.write('outside.pem', root.pem);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await certManager?.[Symbol.asyncDispose]();
    });

    const keys = [
      ['RSA', {}],
      ['ECDSA', { ECC_SIGNATURE_ALGORITHM: 'ECDSA' }],
    ] as const;

    it.each(keys)(
      'Istio 13–16, 61, 79, 85: with a key of %s gets its certificate from the issuer and renews it',
      async (_, env) => {
        await using agent = await PilotAgent.start({
          programs: path('set:pilot-agent'),
          port: server.port,
          roots: server.home.path('outside.pem'),
          workload: { namespace: site.place, serviceAccount: 'web' },
          token: site.token('web'),
          env: { ...eager, ...env },
        });
        const first = await agent.holds();
        const second = await agent.renewed(first);
        const recorded = server.records().map(({ certificateDer }) => certificateDer);
        for (const held of [first, second]) {
          const leaf = leafOf(held);
          expect(leaf.subjectAltName).toBe(`URI:${site.identity('web')}`);
          expect(leaf.verify(new X509Certificate(root.pem).publicKey)).toBe(true);
          expect(recorded).toContain(leaf.raw.toString('base64'));
          const judged = { name: 'relayed', chain: judgedChain(held) };
          expect(askOpenssl(path('openssl'), judged)).toEqual(['leaf: OK\n', 'leaf: OK\n']);
        }
      },
    );
  },
);
