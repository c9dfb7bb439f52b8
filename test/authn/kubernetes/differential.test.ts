import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeKey, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { changed, tokenPlans } from './arbitrary-tokens.ts';
import { answerOf, authenticatorOf } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
let cluster: ScriptedCluster;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock(), own);
});

/** The reasons differ by who found them. */
const verdict = (answer: unknown) => (typeof answer === 'string' ? answer.split(':')[0] : answer);

describe('one token proven here and by review', () => {
  it('has the same answer, caller and all, whatever it claims', async () => {
    const review = await authenticatorOf(cluster, 'review');
    const both = await authenticatorOf(cluster, 'local-then-review');
    const local = await authenticatorOf(cluster, 'local');
    const lenient = { rules: { audiences: ['istio-ca', 'x'], unbound: 'accept' as const } };
    const lenientReview = await authenticatorOf(cluster, 'review', lenient);
    const lenientLocal = await authenticatorOf(cluster, 'local', lenient);
    const uids = (['serviceaccounts', 'pods', 'nodes'] as const).map((kind) => {
      const [namespace, name] = { serviceaccounts: ['demo', 'web'], pods: ['demo', 'web-1'], nodes: ['', 'node-a'] }[
        kind
      ];
      return { name: name ?? '', uid: cluster.uid(kind, namespace ?? '', name ?? '') };
    });
    const tally = new Map<string, number>();
    const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(tokenPlans({ issuer: cluster.issuer, now: cluster.clock.seconds, uids }), async (plan) => {
        const claims = cluster.claims(plan.claims, plan.kubernetes);
        const token = changed(cluster.sign(claims, own, plan.header), plan.change);
        const reviewed = verdict(await answerOf(review, token));
        expect(verdict(await answerOf(local, token))).toEqual(reviewed);
        expect(verdict(await answerOf(both, token))).toEqual(reviewed);
        const leniently = verdict(await answerOf(lenientReview, token));
        expect(verdict(await answerOf(lenientLocal, token))).toEqual(leniently);
        count(typeof reviewed === 'string' ? reviewed : 'proven');
        count(typeof leniently === 'string' ? `lenient ${leniently}` : 'lenient proven');
      }),
      { numRuns: 2000, seed: 20261121 },
    );
    expect([...tally.keys()].sort()).toEqual(['authn.failed', 'lenient authn.failed', 'lenient proven', 'proven']);
    expect(tally.get('proven')).toBeGreaterThan(200);
    expect(tally.get('lenient proven')).toBeGreaterThan(tally.get('proven') ?? 0);
  });

  // SECURITY.md says so: what a watch shows and a review does not, and what is only a matter of time.
  const differences: readonly (readonly [string, () => void, unknown])[] = [
    [
      'of a pod that has ended',
      () =>
        cluster.change('pods', 'demo', 'web-1', (pod) => {
          pod.status = { phase: 'Succeeded' };
        }),
      'authn.failed',
    ],
    ['of a pod whose node is gone', () => cluster.remove('nodes', '', 'node-a'), 'authn.failed'],
  ];
  it.each(differences)('differs in this alone: one %s is refused here', async (_, happen, here) => {
    const token = cluster.token();
    happen();
    expect(verdict(await answerOf(await authenticatorOf(cluster, 'review'), token))).toMatchObject({ node: 'node-a' });
    expect(verdict(await answerOf(await authenticatorOf(cluster, 'local'), token))).toEqual(here);
  });
});
