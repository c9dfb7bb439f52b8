import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, type KubernetesObject } from '#kubernetes/api.ts';
import { makeKey, never, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { Counted, minute, type ProverOver, proverOf } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
const second = makeKey('second', 'ES256');
const failed = expect.objectContaining({ code: 'authn.failed' });
const unavailable = expect.objectContaining({ code: 'authn.unavailable' });
const web = expect.objectContaining({ namespace: 'demo', serviceAccount: 'web' });

let cluster: ScriptedCluster;
let counted: Counted;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock(), own);
  counted = new Counted();
});

async function local(over: ProverOver = {}) {
  const prover = await proverOf(cluster, 'local', { observer: counted, ...over });
  cluster.requests.length = 0;
  counted.lines.length = 0;
  return (token = cluster.token()) => prover.prove(token, never);
}
const reviews = () => cluster.asked('tokenreviews');
const podSpec = { spec: { serviceAccountName: 'web', nodeName: 'node-a' } };

describe('a token proven here', () => {
  it('costs the API server nothing', async () => {
    const prove = await local();
    for (let i = 0; i < 50; i++) expect(await prove()).toEqual(web);
    expect(cluster.requests).toEqual([]);
  });

  it.each(['RS256', 'ES256', 'ES384', 'ES512'])('may be signed with %s', async (alg) => {
    const key = makeKey('other', alg);
    cluster.published = cluster.keys = [key];
    expect(await (await local())()).toEqual(web);
  });

  it.each(['EdDSA', 'PS256', 'RS512'])('may not be signed with %s', async (alg) => {
    const key = makeKey('other', alg);
    cluster.published = [own, key];
    await expect((await local())(cluster.sign(cluster.claims(), key))).rejects.toEqual(failed);
    expect(reviews()).toBe(0);
  });

  it('is refused once its pod is gone from the watch: at once, where the API server keeps saying yes for 10 s', async () => {
    const prove = await local();
    const token = cluster.token();
    expect(await prove(token)).toEqual(web);
    cluster.remove('pods', 'demo', 'web-1');
    await expect(prove(token)).rejects.toEqual(failed);
    expect(reviews()).toBe(0);
  });

  it.each(['Succeeded', 'Failed'])('is refused when its pod has ended as %s', async (phase) => {
    const prove = await local();
    cluster.change('pods', 'demo', 'web-1', (pod) => {
      pod.status = { phase };
    });
    await expect(prove()).rejects.toEqual(failed);
    expect(cluster.requests).toEqual([]);
  });

  it('is refused when its pod runs as another account, or its node is gone or another', async () => {
    const prove = await local();
    const uid = cluster.put('pods', 'demo', 'db-1', { spec: { serviceAccountName: 'db', nodeName: 'node-a' } });
    await expect(prove(cluster.token({}, { pod: { name: 'db-1', uid } }))).rejects.toEqual(failed);
    const token = cluster.token();
    cluster.put('nodes', '', 'node-a');
    await expect(prove(token)).rejects.toEqual(failed);
    cluster.remove('nodes', '', 'node-a');
    await expect(prove(token)).rejects.toEqual(failed);
    expect(reviews()).toBe(0);
  });

  it('of an API server that names no node in it counts', async () => {
    const proven = await (await local())(cluster.token({}, { node: undefined }));
    expect(proven).toEqual(web);
    expect(proven).not.toHaveProperty('node');
  });

  it('of another issuer is refused unless that issuer is configured or the API server may be asked', async () => {
    const token = cluster.token({ iss: 'https://before.example' });
    await expect((await local())(token)).rejects.toEqual(failed);
    expect(reviews()).toBe(0);
    expect(await (await local({ local: { issuers: ['https://before.example'] } }))(token)).toEqual(web);
    const asking = await local({ local: { foreignTokens: 'review' } });
    await expect(asking(token)).rejects.toEqual(failed);
    expect(counted.lines).toEqual(['reviewed foreign-token refused']);
  });

  it('that is none of Kubernetes is reviewed in local-then-review, as istiod would, and the answer counts', async () => {
    const asking = await local({ local: { foreignTokens: 'review' } });
    cluster.over = () => ({
      authenticated: true,
      audiences: ['istio-ca'],
      user: {
        username: 'system:serviceaccount:demo:web',
        groups: ['system:serviceaccounts'],
        extra: {
          'authentication.kubernetes.io/pod-name': ['web-1'],
          'authentication.kubernetes.io/pod-uid': ['u-1'],
          'authentication.kubernetes.io/credential-id': ['JTI=abc'],
        },
      },
    });
    expect(await asking('an opaque token')).toEqual({
      namespace: 'demo',
      serviceAccount: 'web',
      pod: { name: 'web-1', uid: 'u-1' },
      audiences: ['istio-ca'],
      credential: { audience: ['istio-ca'], subject: 'system:serviceaccount:demo:web', jti: 'abc' },
    });
  });
});

describe('K-71: what the watch has not told yet', () => {
  it('is asked for by its own name, and nothing else is', async () => {
    const prove = await local();
    cluster.put('pods', 'demo', 'web-2', { ...podSpec, untold: true });
    const uid = cluster.uid('pods', 'demo', 'web-2');
    expect(await prove(cluster.token({}, { pod: { name: 'web-2', uid } }))).toEqual(web);
    expect(cluster.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v1/namespaces/demo/pods/web-2',
    ]);
    expect(counted.lines).toEqual(['got pods found']);
  });

  it('is a pod created anew under its old name: asked for before it is refused', async () => {
    const prove = await local();
    const old = cluster.token();
    cluster.put('pods', 'demo', 'web-1', { ...podSpec, untold: true });
    expect(await prove(cluster.token())).toEqual(web);
    expect(counted.lines).toEqual(['got pods found']);
    cluster.tell('pods', 'demo', 'web-1');
    await expect(prove(old)).rejects.toEqual(failed);
  });

  it('is an account or a node: likewise', async () => {
    const prove = await local();
    cluster.put('serviceaccounts', 'demo', 'web', { untold: true });
    cluster.put('nodes', '', 'node-a', { untold: true });
    expect(await prove()).toEqual(web);
    expect(counted.lines).toEqual(['got serviceaccounts found', 'got nodes found']);
  });

  it('is gone: old tokens cause one GET a minute each, and a new pod of that name is not taken for the old one', async () => {
    const prove = await local();
    const old = cluster.token();
    cluster.remove('pods', 'demo', 'web-1');
    for (let i = 0; i < 20; i++) await expect(prove(old)).rejects.toEqual(failed);
    expect(counted.lines).toEqual(['got pods gone']);
    cluster.put('pods', 'demo', 'web-1', { ...podSpec, untold: true });
    expect(await prove(cluster.token())).toEqual(web);
    cluster.clock.time += minute;
    cluster.bookmark();
    await expect(prove(old)).rejects.toEqual(failed);
    expect(counted.lines).toEqual(['got pods gone', 'got pods found', 'got pods gone']);
  });

  it('cannot be asked for: the token is reviewed, and if that fails too the answer is "unavailable"', async () => {
    const prove = await local();
    cluster.put('pods', 'demo', 'web-1', { ...podSpec, untold: true });
    cluster.fault = (request) =>
      request.method === 'GET'
        ? Promise.reject(new ApiError('pods is forbidden', { status: 403, reason: 'Forbidden' }))
        : Promise.resolve(cluster.answer(request));
    expect(await prove()).toEqual(web);
    expect(counted.lines).toEqual(['got pods unavailable', 'reviewed live-get proven']);
    cluster.fault = cluster.away;
    await expect(prove()).rejects.toEqual(unavailable);
  });

  it.each([
    ['a 404 that some proxy wrote', () => Promise.reject(new ApiError('404 page not found', { status: 404 }))],
    ['an object without uid', (): Promise<KubernetesObject> => Promise.resolve({ metadata: {} })],
    ['something else', (): Promise<KubernetesObject> => Promise.resolve({})],
  ])('%s does not make a pod gone', async (_, fault) => {
    const prove = await local();
    cluster.put('pods', 'demo', 'web-1', { ...podSpec, untold: true });
    cluster.fault = fault;
    await expect(prove()).rejects.toEqual(unavailable);
    cluster.fault = undefined;
    cluster.clock.time += 5000;
    expect(await prove()).toEqual(web);
  });
});

describe('K-72: keys', () => {
  it('that are new are read when a token names them, once in ten seconds; until then the token is reviewed', async () => {
    const prove = await local();
    cluster.clock.time += 10_000;
    cluster.keys = cluster.published = [own, second];
    expect(await prove(cluster.sign(cluster.claims(), second))).toEqual(web);
    expect(counted.lines).toEqual(['keys read']);
    const third = makeKey('third', 'ES256');
    cluster.keys = cluster.published = [own, second, third];
    expect(await prove(cluster.sign(cluster.claims(), third))).toEqual(web);
    expect(counted.lines).toEqual(['keys read', 'reviewed unknown-key proven']);
    cluster.clock.time += 10_000;
    expect(await prove(cluster.sign(cluster.claims(), third))).toEqual(web);
    expect(counted.lines).toEqual(['keys read', 'reviewed unknown-key proven', 'keys read']);
  });

  it('that are not published, as of an external signer, make the token be reviewed and not refused', async () => {
    const prove = await local();
    cluster.keys = [own, second];
    expect(await prove(cluster.sign(cluster.claims(), second))).toEqual(web);
    await expect(prove(cluster.sign(cluster.claims(), makeKey('made up', 'ES256')))).rejects.toEqual(failed);
  });

  it('that are made up load the API server with sixteen reviews at a time and no more', async () => {
    const prove = await local();
    const gate = Promise.withResolvers<void>();
    cluster.fault = (request) => gate.promise.then(() => cluster.answer(request));
    const token = cluster.sign(cluster.claims(), second);
    const all = Array.from({ length: 40 }, () =>
      prove(token).then(
        () => 'proven',
        (thrown: unknown) => (thrown instanceof Error && 'code' in thrown ? thrown.code : thrown),
      ),
    );
    // whoever names a known key is not held up
    expect(await prove()).toEqual(web);
    gate.resolve();
    const codes = await Promise.all(all);
    expect(codes.filter((code) => code === 'authn.failed')).toHaveLength(16);
    expect(codes.filter((code) => code === 'authn.unavailable')).toHaveLength(24);
    expect(reviews()).toBe(16);
  });

  it('that were withdrawn are not trusted after the next reading, which comes in five minutes without any caller', async () => {
    const prover = await proverOf(cluster, 'local');
    const token = cluster.token();
    expect(await prover.prove(token, never)).toEqual(web);
    cluster.keys = cluster.published = [second];
    cluster.clock.time += 5 * minute - 1;
    await prover.refreshKeys();
    cluster.bookmark();
    expect(await prover.prove(token, never)).toEqual(web);
    cluster.clock.time += 1;
    await prover.refreshKeys();
    await expect(prover.prove(token, never)).rejects.toEqual(failed);
  });

  it('that cannot be read serve on for as long as the views do, and then the token is reviewed', async () => {
    const prove = await local({ local: { serveForMs: 20 * minute } });
    cluster.fault = ({ method, path, body }) =>
      path.includes('openid')
        ? cluster.away()
        : Promise.resolve(cluster.answer({ method, path, ...(body && { body }) }));
    cluster.clock.time += 24 * minute;
    cluster.bookmark();
    expect(await prove()).toEqual(web);
    expect(reviews()).toBe(0);
    cluster.clock.time += minute;
    cluster.bookmark();
    expect(await prove()).toEqual(web);
    expect(counted.lines.at(-1)).toBe('reviewed keys-unavailable proven');
  });
});

describe('K-74: a watch that is cut', () => {
  it('makes every token be reviewed after the time allowed, until it is heard of again', async () => {
    const prove = await local();
    cluster.clock.time += 90_000;
    expect(await prove()).toEqual(web);
    expect(counted.lines).toEqual([]);
    cluster.clock.time += 1;
    expect(await prove()).toEqual(web);
    expect(counted.lines).toEqual(['reviewed stale-view proven']);
    cluster.bookmark();
    expect(await prove()).toEqual(web);
    expect(counted.lines).toHaveLength(1);
  });

  it('counts from the view that was silent longest, and one that is not whole yet is as silent as can be', async () => {
    const prove = await local();
    cluster.clock.time += 90_001;
    cluster.views.pods.lastContact = cluster.views.nodes.lastContact = cluster.clock.time;
    await prove();
    expect(counted.lines).toEqual(['reviewed stale-view proven']);
    cluster.bookmark();
    cluster.views.serviceaccounts.synced = false;
    await prove();
    expect(counted.lines).toEqual(['reviewed stale-view proven', 'reviewed stale-view proven']);
  });

  it('counts as stale when the clock was set back, and an API server that was away then may be asked', async () => {
    const prove = await local();
    cluster.clock.time += 2 * minute;
    cluster.fault = cluster.away;
    await prove();
    cluster.fault = undefined;
    cluster.clock.time -= 60 * minute;
    counted.lines.length = 0;
    const now = cluster.clock.seconds;
    expect(await prove(cluster.token({ iat: now, nbf: now }))).toEqual(web);
    expect(counted.lines.at(-1)).toBe('reviewed stale-view proven');
  });

  it('serves from the view also when too many reviews are under way already', async () => {
    const prove = await local({ maxReviews: 0 });
    cluster.clock.time += 2 * minute;
    expect(await prove()).toEqual(web);
    expect(counted.lines).toEqual(['served stale']);
    cluster.clock.time += 10 * minute;
    await expect(prove()).rejects.toEqual(expect.objectContaining({ code: 'overload' }));
  });

  it('does not make a token good that the API server refuses', async () => {
    const prove = await local();
    const token = cluster.token();
    cluster.remove('pods', 'demo', 'web-1', { untold: true });
    cluster.clock.time += 2 * minute;
    await expect(prove(token)).rejects.toEqual(failed);
  });

  it('Istio 35: with the API server away, serves from the view for the time allowed, then is unavailable', async () => {
    const prove = await local({ local: { serveForMs: 10 * minute } });
    cluster.fault = cluster.away;
    cluster.clock.time += 10 * minute;
    for (let i = 0; i < 5; i++) expect(await prove()).toEqual(web);
    // one of them found out that it is away, the others did not wait for that
    expect(reviews()).toBe(1);
    expect(counted.lines.filter((line) => line === 'served stale')).toHaveLength(5);
    cluster.clock.time += 1;
    await expect(prove()).rejects.toEqual(unavailable);
    cluster.fault = undefined;
    cluster.clock.time += 5000;
    expect(await prove()).toEqual(web);
  });

  it('Istio 35: with the API server away, a wrong token is still refused, and a pod unknown here is not', async () => {
    const prove = await local();
    cluster.fault = cluster.away;
    cluster.clock.time += 2 * minute;
    await expect(prove(cluster.token({ aud: ['x'] }))).rejects.toEqual(failed);
    await expect(prove(cluster.sign(cluster.claims(), makeKey('first', 'ES256')))).rejects.toEqual(failed);
    cluster.put('pods', 'demo', 'web-2', { ...podSpec, untold: true });
    const uid = cluster.uid('pods', 'demo', 'web-2');
    await expect(prove(cluster.token({}, { pod: { name: 'web-2', uid } }))).rejects.toEqual(unavailable);
  });

  it('Istio 35: one caller in five seconds tries an API server that is away, and nobody waits with it', async () => {
    const prove = await local();
    cluster.fault = cluster.away;
    cluster.clock.time += 2 * minute;
    await prove();
    const gate = Promise.withResolvers<never>();
    cluster.fault = () => gate.promise;
    cluster.clock.time += 5000;
    const probing = prove();
    // its signature is checked on another thread: only then is it the one that asks
    await vi.waitUntil(() => reviews() === 2);
    for (let i = 0; i < 10; i++) expect(await prove()).toEqual(web);
    gate.reject(new ApiError('no answer in time', { status: 0 }));
    expect(await probing).toEqual(web);
    expect(reviews()).toBe(2);
  });
});

describe('before the first list and the first keys', () => {
  it('tells what is missing, and has the token reviewed', async () => {
    cluster.fault = cluster.away;
    cluster.views.pods.synced = false;
    const prover = await proverOf(cluster, 'local');
    expect(prover.awaits).toBe('the first list of pods is not there');
    cluster.views.pods.synced = true;
    expect(prover.awaits).toMatch(/keys of its tokens could not be read: connect ECONNREFUSED/);
    await expect(prover.prove(cluster.token(), never)).rejects.toEqual(unavailable);
    cluster.fault = undefined;
    cluster.clock.time += 5000;
    expect(await prover.prove(cluster.token(), never)).toEqual(web);
    await prover.refreshKeys();
    expect(prover.awaits).toBeUndefined();
    expect((await proverOf(cluster, 'review')).awaits).toBeUndefined();
  });
});
