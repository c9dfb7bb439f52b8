import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { evidence, makeKey, never, StoppedClock, tokenOf } from '#test/authn/oidc/issuer.ts';
import { answerOf, authenticatorOf, modes } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const own = makeKey('first', 'ES256');
const foreign = makeKey('first', 'ES256');
let cluster: ScriptedCluster;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock(), own);
});

const failed = expect.stringMatching(/^authn\.failed: /);
const unavailable = expect.stringMatching(/^authn\.unavailable: /);

describe.each(modes)('a service-account token, mode %s', (mode) => {
  const ask = async (token: string, over: Parameters<typeof answerOf>[2] = {}) =>
    answerOf(await authenticatorOf(cluster, mode), token, over);

  it('Istio 26: gives cluster, namespace, service account, pod, node and all their UIDs', async () => {
    expect(await ask(cluster.token())).toEqual({
      identity: 'spiffe://cluster.local/ns/demo/sa/web',
      authenticator: 'k8s-token',
      cluster: 'Kubernetes',
      namespace: 'demo',
      serviceAccount: 'web',
      serviceAccountUid: cluster.uid('serviceaccounts', 'demo', 'web'),
      pod: { name: 'web-1', uid: cluster.uid('pods', 'demo', 'web-1') },
      node: 'node-a',
      nodeUid: cluster.uid('nodes', '', 'node-a'),
      audiences: ['istio-ca'],
      credential: {
        issuer: cluster.issuer,
        audience: ['istio-ca'],
        subject: 'system:serviceaccount:demo:web',
        jti: '0c6f1f43-9c1a-4a7b-8f0e-1d2c3b4a5e6f',
        expires: cluster.clock.seconds + 3600,
        kid: 'first',
      },
    });
  });

  it('Istio 27: without a bearer token there is nothing for this authenticator', async () => {
    expect(await (await authenticatorOf(cluster, mode)).authenticate(evidence(), never)).toBeUndefined();
  });

  it.each(['bearer ', 'Bearer', 'Istio ', 'Basic ', 'BEARER '])('Istio 28: "%s" is no bearer token', async (scheme) => {
    const authorization = [`${scheme}${cluster.token()}`];
    expect(
      await (await authenticatorOf(cluster, mode)).authenticate(evidence({ authorization }), never),
    ).toBeUndefined();
  });

  it('Istio 29: of two authorization values the one that begins with Bearer counts', async () => {
    const authorization = ['Basic eDp5', `Bearer ${cluster.token()}`];
    expect(await ask('', { authorization })).toMatchObject({ serviceAccount: 'web' });
  });

  const refused: readonly (readonly [string, () => string])[] = [
    ['signed by a key of somebody else under a known id', () => cluster.sign(cluster.claims(), foreign)],
    ['that is empty', () => ''],
    ['that is no JWT', () => 'x'],
    ['longer than 16 KiB', () => cluster.token({ pad: randomBytes(16 * 1024).toString('hex') })],
    ['that expired more than 60 s ago', () => cluster.token({ exp: cluster.clock.seconds - 61 })],
    ['not valid for another 61 s', () => cluster.token({ nbf: cluster.clock.seconds + 61 })],
    ['issued 61 s from now', () => cluster.token({ iat: cluster.clock.seconds + 61 })],
    ['of another issuer', () => cluster.token({ iss: 'https://other.example' })],
    ['without a signature', () => cluster.token().replace(/[^.]*$/, '')],
    ['with alg none', () => cluster.sign(cluster.claims(), own, { alg: 'none' })],
    ['with b64 in its header', () => cluster.sign(cluster.claims(), own, { b64: false })],
  ];
  it.each(refused)('Istio 31, K-69: one %s is refused', async (_, token) => {
    expect(await ask(token())).toEqual(failed);
  });

  it('Istio 32, K-69: one for another audience is refused', async () => {
    expect(await ask(cluster.token({ aud: ['https://kubernetes.default.svc'] }))).toEqual(failed);
    expect(await ask(cluster.token({ aud: [] }))).toEqual(failed);
    expect(await ask(cluster.token({ aud: undefined }))).toEqual(failed);
    expect(await ask(cluster.token({ aud: ['x', 'istio-ca'] }))).toMatchObject({ audiences: ['istio-ca'] });
  });

  it('Istio 34: one whose sub is not the service account of its claims is refused', async () => {
    for (const sub of ['system:serviceaccount:demo:db', 'system:serviceaccount:demo:web:x', 'system:node:a', '', 4]) {
      expect(await ask(cluster.token({ sub }))).toEqual(failed);
    }
  });

  it.each([
    ['refused', new ApiError('connect ECONNREFUSED', { status: 0 })],
    ['throttled', new ApiError('Too Many Requests', { status: 429, retryAfterMs: 1000 })],
    ['broken', new ApiError('Internal Server Error', { status: 500 })],
    ['ours to mend: our own token', new ApiError('Unauthorized', { status: 401 })],
    ['ours to mend: RBAC', new ApiError('tokenreviews is forbidden', { status: 403, reason: 'Forbidden' })],
    ['not Kubernetes', new ApiError('404 page not found', { status: 404 })],
  ])('Istio 35: an API server that is away from the start (%s) makes it unavailable, not wrong', async (_, error) => {
    const token = cluster.token();
    cluster.fault = () => Promise.reject(error);
    expect(await ask(token)).toEqual(unavailable);
  });

  it.each([
    [{}],
    [{ kind: 'Status', status: 'Success' }],
    [{ kind: 'TokenReview' }],
    [{ kind: 'TokenReview', status: { authenticated: true } }],
    [{ kind: 'TokenReview', status: { authenticated: true, user: { groups: 'all' } } }],
    [{ kind: 'TokenReview', status: [] }],
  ])('Istio 35: an API server that answers %j makes it unavailable, not wrong', async (answer) => {
    const token = cluster.token();
    cluster.fault = () => Promise.resolve(answer);
    expect(await ask(token)).toEqual(unavailable);
  });

  it('Istio 36: the reason is for the log, and holds no part of the token but names', async () => {
    cluster.over = () => ({ user: {}, error: `[invalid bearer token, ${tokenOf({}, {}, own)} ${token}]` });
    const token = cluster.sign(cluster.claims(), makeKey('second', 'ES256'));
    const answer = String(await ask(token));
    expect(answer).toMatch(
      /^authn\.failed: the service-account token is not taken: the API server says: .*\(the token\)/,
    );
    for (const part of token.split('.')) expect(answer).not.toContain(part);
  });

  it('one that is bound to no pod is refused, unless unbound ones are taken', async () => {
    const unbound = cluster.token({}, { pod: undefined, node: undefined });
    const warned = cluster.token({}, { pod: undefined, node: undefined, warnafter: 9 });
    const onNode = cluster.token({}, { pod: undefined });
    const onSecret = cluster.token({}, { pod: undefined, node: undefined, secret: { name: 's', uid: 'u' } });
    for (const token of [unbound, warned, onNode, onSecret]) expect(await ask(token)).toEqual(failed);
    const lenient = await authenticatorOf(cluster, mode, { rules: { audiences: ['istio-ca'], unbound: 'accept' } });
    const vm = await answerOf(lenient, unbound);
    expect(vm).toMatchObject({ serviceAccount: 'web', identity: 'spiffe://cluster.local/ns/demo/sa/web' });
    expect(vm).not.toHaveProperty('pod');
    expect(await answerOf(lenient, warned)).toEqual(vm);
    expect(await answerOf(lenient, cluster.token())).toHaveProperty('pod');
    // K-73: these are somebody else's, whatever is configured
    for (const token of [onNode, onSecret]) expect(await answerOf(lenient, token)).toEqual(failed);
    const webhook = cluster.token({}, { pod: undefined, node: undefined, validatingwebhook: { name: 's', uid: 'u' } });
    expect(await answerOf(lenient, webhook)).toEqual(failed);
  });

  it('K-70: of a deleted pod, a re-created one with the same name, or a deleted account, is refused', async () => {
    const old = cluster.token();
    cluster.put('pods', 'demo', 'web-1', { spec: { serviceAccountName: 'web', nodeName: 'node-a' } });
    expect(await ask(old)).toEqual(failed);
    expect(await ask(cluster.token())).toMatchObject({ pod: { name: 'web-1' } });
    const gone = cluster.token();
    cluster.remove('pods', 'demo', 'web-1');
    expect(await ask(gone)).toEqual(failed);
    cluster.put('pods', 'demo', 'web-1', { spec: { serviceAccountName: 'web', nodeName: 'node-a' } });
    const orphan = cluster.token();
    cluster.remove('serviceaccounts', 'demo', 'web');
    expect(await ask(orphan)).toEqual(failed);
  });

  it('of a pod that is being deleted counts until 60 s after its grace period', async () => {
    const token = cluster.token();
    const end = cluster.clock.time + 30_000;
    cluster.change('pods', 'demo', 'web-1', ({ metadata }) => {
      metadata.deletionTimestamp = new Date(end).toISOString();
    });
    expect(await ask(token)).toMatchObject({ serviceAccount: 'web' });
    cluster.clock.time = end + 60_000;
    expect(await ask(token)).toMatchObject({ serviceAccount: 'web' });
    cluster.clock.time += 1000;
    cluster.bookmark();
    expect(await ask(token)).toEqual(failed);
  });

  it('K-69: counts within 60 s of its times, as the API server has it', async () => {
    const now = cluster.clock.seconds;
    for (const times of [{ exp: now - 60 }, { nbf: now + 60 }, { iat: now + 60 }]) {
      expect(await ask(cluster.token(times))).toMatchObject({ serviceAccount: 'web' });
    }
  });
});
