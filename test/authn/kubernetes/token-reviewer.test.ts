import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { makeKey, never, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { Counted, type ProverOver, proverOf } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
const failed = expect.objectContaining({ code: 'authn.failed' });
const unavailable = expect.objectContaining({ code: 'authn.unavailable' });
const web = expect.objectContaining({ namespace: 'demo', serviceAccount: 'web' });

let cluster: ScriptedCluster;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock(), own);
});
const prove = async (token = cluster.token(), over: ProverOver = {}) =>
  (await proverOf(cluster, 'review', over)).prove(token, never);

const extra = { 'authentication.kubernetes.io/pod-name': ['web-1'], 'authentication.kubernetes.io/pod-uid': ['u-1'] };
const user = {
  username: 'system:serviceaccount:demo:web',
  uid: 'sa-1',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:demo', 'system:authenticated'],
  extra,
};
const good = { authenticated: true, audiences: ['istio-ca'], user };

describe('a token review', () => {
  it('Istio 30: asks for the audiences that are configured, once per call, and says how long it may take', async () => {
    await prove();
    await prove(undefined, { rules: { audiences: ['istio-ca', 'other'], unbound: 'refuse' } });
    expect(cluster.requests.map(({ body }) => body?.spec)).toEqual([
      { token: expect.any(String), audiences: ['istio-ca'] },
      { token: expect.any(String), audiences: ['istio-ca', 'other'] },
    ]);
    expect(cluster.requests[0]).toMatchObject({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' },
      timeoutMs: 5000,
    });
  });

  it('asks again for the same token: a yes is not kept', async () => {
    const token = cluster.token();
    await prove(token);
    cluster.remove('pods', 'demo', 'web-1');
    await expect(prove(token)).rejects.toEqual(failed);
  });

  const answers: readonly (readonly [string, KubernetesObject, unknown])[] = [
    ['everything is right', good, web],
    ['Istio 31: authenticated is absent', { user: {}, error: 'no' }, failed],
    ['Istio 31: authenticated is false', { ...good, authenticated: false }, failed],
    ['Istio 31: authenticated is a text', { ...good, authenticated: 'true' }, failed],
    ['Istio 31: there is an error beside authenticated', { ...good, error: 'but' }, failed],
    ['Istio 31: the error is no text', { ...good, error: {} }, failed],
    ['an empty error is none', { ...good, error: '' }, web],
    ['Istio 32, K-75: no audiences', { ...good, audiences: undefined }, failed],
    ['Istio 32, K-75: an empty list of audiences', { ...good, audiences: [] }, failed],
    ['Istio 32, K-75: other audiences', { ...good, audiences: ['https://kubernetes.default.svc'] }, failed],
    ['one of the audiences is ours', { ...good, audiences: ['x', 'istio-ca'] }, web],
    ['Istio 33: no groups', { ...good, user: { ...user, groups: undefined } }, failed],
    ['Istio 33: other groups', { ...good, user: { ...user, groups: ['system:authenticated'] } }, failed],
    [
      'Istio 33: a group that only begins so',
      { ...good, user: { ...user, groups: ['system:serviceaccounts:demo'] } },
      failed,
    ],
    ...[
      'system:serviceaccount:demo',
      'system:serviceaccount:demo:web:x',
      'system:serviceaccount::web',
      'system:serviceaccount:demo:',
      'system:node:demo:web',
      'sYstem:serviceaccount:demo:web',
      'x:y:demo:web',
      'system:serviceaccount:demo:web/sa/admin',
      'system:serviceaccount:..:web',
      'system:serviceaccount:de mo:web',
      'kubernetes-admin',
      '',
      undefined,
    ].map(
      (username) => [`Istio 34: the user is ${username}`, { ...good, user: { ...user, username } }, failed] as const,
    ),
    ['no pod', { ...good, user: { ...user, extra: undefined } }, failed],
    [
      'a node and no pod',
      { ...good, user: { ...user, extra: { 'authentication.kubernetes.io/node-name': ['a'] } } },
      failed,
    ],
    [
      'a pod without UID',
      { ...good, user: { ...user, extra: { 'authentication.kubernetes.io/pod-name': ['a'] } } },
      failed,
    ],
    [
      'no values for the pod',
      { ...good, user: { ...user, extra: { ...extra, 'authentication.kubernetes.io/pod-uid': [] } } },
      failed,
    ],
    [
      'extra that is no map of lists',
      { ...good, user: { ...user, extra: { 'authentication.kubernetes.io/pod-name': 'a' } } },
      unavailable,
    ],
    ['groups that are a text', { ...good, user: { ...user, groups: 'system:serviceaccounts' } }, unavailable],
    ['audiences that are a text', { ...good, audiences: 'istio-ca' }, unavailable],
    ['no user', { ...good, user: undefined }, unavailable],
  ];
  it.each(answers)('%s', async (_, status, verdict) => {
    cluster.over = () => status;
    const answer = await prove('an opaque token').catch((thrown: unknown) => thrown);
    expect(answer).toEqual(verdict);
  });

  it('gives pod, node and UIDs from the first value of each extra', async () => {
    const name = (each: string) => `authentication.kubernetes.io/${each}`;
    cluster.over = () => ({
      ...good,
      user: { ...user, extra: { ...extra, [name('node-name')]: ['n', 'm'], [name('node-uid')]: ['nu'] } },
    });
    expect(await prove('an opaque token')).toMatchObject({
      serviceAccountUid: 'sa-1',
      pod: { name: 'web-1', uid: 'u-1' },
      node: 'n',
      nodeUid: 'nu',
    });
  });

  it('that speaks of another pod or account than the token itself is not believed', async () => {
    const token = cluster.token();
    cluster.over = () => good;
    await expect(prove(token)).rejects.toEqual(failed);
    cluster.over = (status) => ({ ...status, user: { ...user, username: 'system:serviceaccount:demo:db' } });
    await expect(prove(token)).rejects.toEqual(failed);
  });

  it('Istio 35: that comes too late, or whose caller has gone, ends all the same', async () => {
    const token = cluster.token();
    cluster.fault = cluster.hang;
    const counted = new Counted();
    await expect(prove(token, { timeoutMs: 1, observer: counted })).rejects.toEqual(unavailable);
    expect(counted.lines).toEqual(['reviewed mode unavailable']);
    const gone = new AbortController();
    const prover = await proverOf(cluster, 'review');
    const asking = prover.prove(token, gone.signal);
    gone.abort(new Refusal('deadline', 'the call took too long'));
    await expect(asking).rejects.toEqual(expect.objectContaining({ code: 'deadline' }));
  });

  it('is refused as overload when too many are under way, and there is room again once they end', async () => {
    const prover = await proverOf(cluster, 'review', { maxReviews: 2 });
    const gate = Promise.withResolvers<void>();
    cluster.fault = (request) => gate.promise.then(() => cluster.answer(request));
    const asking = [prover.prove(cluster.token(), never), prover.prove(cluster.token(), never)];
    await expect(prover.prove(cluster.token(), never)).rejects.toEqual(expect.objectContaining({ code: 'overload' }));
    gate.resolve();
    expect(await Promise.all(asking)).toEqual([web, web]);
    expect(await prover.prove(cluster.token(), never)).toEqual(web);
  });

  it('cannot be set up without an audience', async () => {
    await expect(proverOf(cluster, 'review', { rules: { audiences: [], unbound: 'refuse' } })).rejects.toThrow(
      /audience/,
    );
  });
});

describe('whatever the API server answers', () => {
  const json = fc.jsonValue();
  const mostly = (value: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: json });
  const status = fc.record(
    {
      authenticated: mostly(fc.constant(true)),
      audiences: mostly(fc.constant(['istio-ca'])),
      error: json,
      user: mostly(
        fc.record(
          {
            username: mostly(fc.constant(user.username)),
            uid: json,
            groups: mostly(fc.constant(user.groups)),
            extra: mostly(fc.dictionary(fc.constantFrom(...Object.keys(extra)), mostly(fc.constant(['a'])))),
          },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: [] },
  );

  it('a caller comes of it, or "refused", or "unavailable"', async () => {
    const prover = await proverOf(cluster, 'review');
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.oneof(status, json), async (given) => {
        cluster.over = () => given;
        const outcome = await prover.prove('an opaque token', never).then(
          ({ pod }) => (pod === undefined ? 'no pod' : 'proven'),
          (thrown: unknown) => (thrown instanceof Refusal ? thrown.code : String(thrown)),
        );
        seen.add(outcome);
        expect(['proven', 'authn.failed', 'authn.unavailable']).toContain(outcome);
      }),
      { numRuns: 2000, seed: 26 },
    );
    expect(seen.size).toBe(3);
  });
});
