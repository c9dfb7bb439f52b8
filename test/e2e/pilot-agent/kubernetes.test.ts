import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Ambient, idOf } from '#test/e2e/istio/ambient.ts';
import { dialects, member } from '#test/e2e/istio/mesh.ts';
import { describeWith } from '#test/oracles.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import type { Pod, ServiceAccount } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { countEnds } from '#test/support/records.ts';
import { eager, leafOf, PilotAgent } from './agent.ts';

/** An agent waits for its own half-lives, whatever else is going on. */
vi.setConfig({ testTimeout: 90_000 });

const policies = [{}, ...['fips-140-2', 'fips-140-3', 'pqc'].map((policy) => ({ COMPLIANCE_POLICY: policy }))];
const modes = ['review', 'local'] as const;
const cases = dialects.flatMap((dialect) => modes.map((mode) => ({ dialect, mode })));

describeWith(['set:pilot-agent', 'control-plane'], "Istio's own agent in pods of a real cluster", (path) => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
  });

  describe.each(cases)('with $dialect, its token proven in mode $mode', ({ dialect, mode }) => {
    let site: Ambient;
    let web: ServiceAccount;
    beforeAll(async () => {
      site = await Ambient.start(cluster, { dialect, mode });
      web = await site.account('web');
    });
    afterAll(() => site?.[Symbol.asyncDispose]());
    const agentIn = async (pod: Pod, env: Readonly<Record<string, string>>) =>
      PilotAgent.start({
        programs: path('set:pilot-agent'),
        port: site.mesh.server.istio.port,
        roots: site.mesh.home.path('roots.pem'),
        workload: { namespace: pod.namespace, serviceAccount: pod.serviceAccount, pod: pod.name },
        token: await site.token(web, pod),
        env,
      });

    it('Istio 13, 14, 15, 16, 26: gets its certificate and renews it, whatever its compliance, on the record with its pod', async () => {
      await Promise.all(
        policies.map(async (policy) => {
          const pod = await site.pod(web, 'a');
          await using agent = await agentIn(pod, { ...eager, ...policy });
          const first = await agent.holds();
          const second = await agent.renewed(first);
          for (const each of [first, second]) expect(leafOf(each).subjectAltName).toBe(`URI:${idOf(web)}`);
          const whose = { name: pod.name, uid: pod.uid };
          const records = site.mesh.all().filter(({ caller }) => member(member(caller, 'pod'), 'uid') === pod.uid);
          expect(records.length).toBeGreaterThanOrEqual(2);
          for (const { type, caller } of records) {
            expect(type).toBe('certificate.issued');
            expect(caller).toMatchObject({ authenticator: 'k8s-token', pod: whose, node: pod.node });
          }
        }),
      );
    });

    it('is served by its own retries once an API server that hung answers again', async () => {
      const made = site.proxy.make({ kind: 'hang' }, { when: ({ path: asked }) => asked.endsWith('/tokenreviews') });
      const pod = await site.pod(web, 'b');
      await using agent = await agentIn(pod, {});
      if (mode === 'review') await vi.waitFor(() => expect(made.met).toBeGreaterThan(0), { timeout: 30_000 });
      made.lift();
      expect(leafOf(await agent.holds()).subjectAltName).toBe(`URI:${idOf(web)}`);
      const failed = countEnds(site.mesh.all())['certificate.failed authn.unavailable'] ?? 0;
      expect(failed).toBe(mode === 'review' ? 1 : 0);
    });

    // TokenReview's own cache keeps such a token alive for another ten seconds.
    if (mode === 'local') {
      it('renews no more once its pod is gone', async () => {
        const pod = await site.pod(web, 'a');
        await using agent = await agentIn(pod, eager);
        await agent.holds();
        await site.delete(pod);
        await agent.hears(/(code = Unauthenticated desc = request authenticate failure)/);
      });
    }
  });
});
