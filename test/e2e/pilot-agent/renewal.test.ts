import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dialects, identityOf, Mesh, member } from '#test/e2e/istio/mesh.ts';
import { describeWith } from '#test/oracles.ts';
import { askOpenssl } from '#test/support/judges.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { eager, judgedChain, leafOf, PilotAgent, type PilotAgentOptions } from './agent.ts';

/** An agent waits for its own half-lives, whatever else is going on. */
vi.setConfig({ testTimeout: 90_000 });

/** Seconds of a duration as Go writes it. */
function seconds(text: string): number {
  const units = { h: 3600, m: 60, s: 1 } as const;
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/([\d.]+)(h|m|s)/g)) {
    sum += Number(value) * (unit === 'h' || unit === 'm' ? units[unit] : 1);
  }
  return sum;
}

describeWith(['set:pilot-agent', 'openssl'], "Istio's own agent, when a certificate grows old", (path) => {
  describe.each(dialects)('with %s', (dialect) => {
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await Mesh.start({ dialect });
    });
    afterAll(() => mesh?.[Symbol.asyncDispose]());
    const agentOf = (account: string, over: Partial<PilotAgentOptions> = {}) =>
      PilotAgent.start({
        programs: path('set:pilot-agent'),
        port: mesh.server.istio.port,
        roots: mesh.home.path('roots.pem'),
        workload: { namespace: 'demo', serviceAccount: account },
        ...over,
      });
    const issuedTo = (account: string) =>
      mesh
        .all()
        .filter(({ type, certificate }) => type === 'certificate.issued' && of(certificate) === identityOf(account));
    const of = (certificate: unknown) => member(certificate, 'identity');

    it('plans to renew in the middle of its life', async () => {
      await using agent = await agentOf('planner', { token: mesh.token('planner'), env: { SECRET_TTL: '1h' } });
      const [delay = ''] = await agent.hears(/scheduled certificate for rotation in (\S+)/);
      expect(seconds(delay)).toBeGreaterThan(0.48 * 3600);
      expect(seconds(delay)).toBeLessThan(0.52 * 3600);
    });

    it('renews by its token: another key and certificate, the same identity', async () => {
      await using agent = await agentOf('renewing', { token: mesh.token('renewing'), env: eager });
      const first = await agent.holds();
      const second = await agent.renewed(first);
      const leaves = [first, second].map(leafOf);
      expect(leaves.map(({ subjectAltName }) => subjectAltName)).toEqual(
        Array(2).fill(`URI:${identityOf('renewing')}`),
      );
      expect(new Set(leaves.map(({ serialNumber }) => serialNumber)).size).toBe(2);
      expect(first.key).not.toBe(second.key);
      expect(second.roots).toBe(first.roots);
      expect(askOpenssl(path('openssl'), { name: 'second', chain: judgedChain(second) })).toHaveLength(2);
    });

    it('Istio 42: renews by its certificate where it has no token, as on a virtual machine', async () => {
      const provided = await mesh.svid('machine');
      await using agent = await agentOf('machine', { provided, env: eager });
      const before = { ...provided, roots: '' };
      const first = await agent.renewed(before);
      const second = await agent.renewed(first);
      for (const each of [first, second]) expect(leafOf(each).subjectAltName).toBe(`URI:${identityOf('machine')}`);
      const ways = issuedTo('machine').map(({ caller }) => member(caller, 'authenticator'));
      expect(ways.slice(0, 3)).toEqual(['oidc', 'client-cert', 'client-cert']);
    });

    it('Istio 24, 84: takes a new root while the old one lives on', async () => {
      await using agent = await agentOf('rotated', { token: mesh.token('rotated'), env: eager });
      const before = await agent.holds();
      const both = mesh.home.root.pem + testAuthority({ commonName: 'Next root', kind: 'ec:P-384' }).pem;
      writeFileSync(mesh.home.path('roots.pem'), both);
      await agent.trusts(both);
      const after = await agent.renewed(before);
      expect(askOpenssl(path('openssl'), { name: 'after', chain: judgedChain(after) })).toEqual([
        'leaf: OK\n',
        'leaf: OK\n',
      ]);
    });
  });
});
