import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { makeKey, never, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { proverOf } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
const names = ['web-1', 'web-2'] as const;
const name = fc.constantFrom(...names);

/** Whatever happens to pods, to the watch and to the API server, in any order. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tell' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('back' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmark' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 6, 50, 130, 700) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ask' as const), which: fc.nat(20) }) },
);

it('K-70, K-71, K-74: no pod that lives is ever refused, and none that is known to be gone is ever taken', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const cluster = new ScriptedCluster(new StoppedClock(), own);
      const prover = await proverOf(cluster, 'local');
      const account = { name: 'web', uid: cluster.uid('serviceaccounts', 'demo', 'web') };
      const forever = cluster.claims({ exp: cluster.clock.seconds + 1e6 });
      const tokenOf = (pod: object) =>
        cluster.sign({ ...forever, 'kubernetes.io': { namespace: 'demo', serviceaccount: account, pod } });
      const made: { readonly name: string; readonly uid: string }[] = [];
      const living = new Map<string, string>();
      const mint = (pod: string) => {
        const uid = cluster.uid('pods', 'demo', pod);
        made.push({ name: pod, uid });
        living.set(pod, uid);
      };
      mint('web-1');
      for (const each of steps) {
        if (each.do === 'create') {
          cluster.put('pods', 'demo', each.name, { spec: { serviceAccountName: 'web' }, untold: true });
          mint(each.name);
        } else if (each.do === 'delete') {
          cluster.remove('pods', 'demo', each.name, { untold: true });
          living.delete(each.name);
        } else if (each.do === 'tell') cluster.tell('pods', 'demo', each.name);
        else if (each.do === 'away') cluster.fault = cluster.away;
        else if (each.do === 'back') cluster.fault = undefined;
        else if (each.do === 'bookmark') cluster.bookmark();
        else if (each.do === 'wait') cluster.clock.time += each.seconds * 1000;
        else {
          const asker = made[each.which % made.length];
          if (asker === undefined) continue;
          const { name: pod, uid } = asker;
          const outcome = await prover.prove(tokenOf(asker), never).then(
            () => 'proven',
            (thrown: unknown) => (thrown instanceof Refusal ? thrown.code : String(thrown)),
          );
          const isAway = cluster.fault !== undefined;
          const lives = living.get(pod) === uid;
          const inView = cluster.views.pods.get('demo', pod)?.uid === uid;
          seen.add(`${lives ? 'lives' : 'gone'}${inView ? ', in view' : ''}${isAway ? ', away' : ''}: ${outcome}`);
          expect(['proven', 'authn.failed', 'authn.unavailable']).toContain(outcome);
          if (lives) expect(outcome).not.toBe('authn.failed');
          if (!inView && !lives) expect(outcome).not.toBe('proven');
        }
      }
    }),
    { numRuns: 400, seed: 70 },
  );
  // every kind of end was met, or the property says less than it seems to
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([
      'gone, in view, away: authn.unavailable',
      'gone, in view, away: proven',
      'gone, in view: authn.failed',
      'gone, in view: proven',
      'gone: authn.failed',
      'gone, away: authn.failed',
      'gone, away: authn.unavailable',
      'lives, away: authn.unavailable',
      'lives, in view, away: proven',
      'lives, in view: proven',
      'lives: proven',
    ]),
  );
});
