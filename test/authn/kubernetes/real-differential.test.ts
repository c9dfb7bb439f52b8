import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  deletePod,
  type Node,
  type Pod,
  requestToken,
  type ServiceAccount,
  setPodStatus,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { TokenKey } from '#test/support/control-plane/token-key.ts';
import { changed, tokenPlans } from './arbitrary-tokens.ts';
import { patiently, RealCallers } from './real-callers.ts';

describeWith(['control-plane'], 'a token proven here and by a real API server', () => {
  let cluster: ControlPlane;
  let callers: RealCallers;
  let namespace: string;
  let account: ServiceAccount;
  let node: Node;
  let pod: Pod;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    callers = new RealCallers(cluster.facts.access);
    namespace = await createNamespace(cluster.admin);
    account = await createServiceAccount(cluster.admin, namespace, 'web');
    node = await createNode(cluster.admin);
    pod = await createPod(cluster.admin, account, { name: 'web-1', node: node.name });
    await callers.ready();
    await seen(pod);
  });
  afterAll(() => callers[Symbol.asyncDispose]());

  const seen = ({ name, uid }: Pod) =>
    vi.waitFor(() => expect(callers.pods.get(namespace, name)?.uid).toBe(uid), patiently);
  const request = (of: Pod, audiences: readonly string[] = ['istio-ca']) =>
    requestToken(cluster.admin, account, { audiences, pod: of });
  const claims = (over: object = {}, kubernetes: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: cluster.issuer,
      aud: ['istio-ca'],
      sub: `system:serviceaccount:${namespace}:web`,
      iat: now - 10,
      nbf: now - 10,
      exp: now + 3600,
      jti: 'b1c1b9f0-6f38-4f6e-9f5c-4a1f0a2f0001',
      'kubernetes.io': {
        namespace,
        serviceaccount: { name: 'web', uid: account.uid },
        pod: { name: pod.name, uid: pod.uid },
        node,
        ...kubernetes,
      },
      ...over,
    };
  };

  it('Istio 26: gives the same caller, all its UIDs among it', async () => {
    const token = await request(pod);
    const reviewed = await callers.verdict('review', token);
    expect(reviewed).toMatchObject({
      identity: `spiffe://cluster.local/ns/${namespace}/sa/web`,
      cluster: 'Kubernetes',
      serviceAccountUid: account.uid,
      pod: { name: 'web-1', uid: pod.uid },
      node: node.name,
      nodeUid: node.uid,
      audiences: ['istio-ca'],
      credential: { issuer: cluster.issuer, kid: cluster.tokenKey.kid, jti: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect(await callers.verdict('local', token)).toEqual(reviewed);
    expect(await callers.verdict('local-then-review', token)).toEqual(reviewed);
  });

  it('Istio 32: one for several audiences is ours for ours, one for others or for the API server is not', async () => {
    const several = await request(pod, ['vault', 'istio-ca']);
    expect(await callers.verdict('review', several)).toMatchObject({
      audiences: ['istio-ca'],
      credential: { audience: ['vault', 'istio-ca'] },
    });
    expect(await callers.verdict('local', several)).toEqual(await callers.verdict('review', several));
    for (const token of [await request(pod, ['vault']), await requestToken(cluster.admin, account, { pod })]) {
      for (const mode of ['review', 'local'] as const) expect(await callers.verdict(mode, token)).toBe('authn.failed');
    }
  });

  it('one that is bound to no pod is refused, unless unbound ones are taken, by both', async () => {
    const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'] });
    for (const mode of ['review', 'local'] as const) expect(await callers.verdict(mode, token)).toBe('authn.failed');
    const reviewed = await callers.verdict('review', token, 'accept');
    expect(reviewed).toMatchObject({ serviceAccount: 'web', serviceAccountUid: account.uid });
    expect(reviewed).not.toHaveProperty('pod');
    expect(await callers.verdict('local', token, 'accept')).toEqual(reviewed);
  });

  it('K-70: one of a deleted pod is refused here as soon as the watch says so, and by review within its cache', async () => {
    const short = await createPod(cluster.admin, account, { node: node.name });
    const [token, unasked] = [await request(short), await request(short)];
    await seen(short);
    expect(await callers.verdict('local', token)).toMatchObject({ pod: { name: short.name } });
    expect(await callers.verdict('review', token)).toMatchObject({ pod: { name: short.name } });
    await deletePod(cluster.admin, short);
    await vi.waitFor(() => expect(callers.pods.get(namespace, short.name)).toBeUndefined(), patiently);
    expect(await callers.verdict('local', token)).toBe('authn.failed');
    await vi.waitFor(async () => expect(await callers.verdict('review', unasked)).toBe('authn.failed'), patiently);
    await vi.waitFor(async () => expect(await callers.verdict('review', token)).toBe('authn.failed'), patiently);
  });

  it('K-70, K-71: one of a pod created anew counts at once, the old one no more', async () => {
    const first = await createPod(cluster.admin, account, { name: 'again', node: node.name });
    const old = await request(first);
    await seen(first);
    await deletePod(cluster.admin, first);
    const second = await createPod(cluster.admin, account, { name: 'again', node: node.name });
    // whether or not the watch has told of it
    expect(await callers.verdict('local', await request(second))).toMatchObject({ pod: { uid: second.uid } });
    expect(await callers.verdict('local', old)).toBe('authn.failed');
    await vi.waitFor(async () => expect(await callers.verdict('review', old)).toBe('authn.failed'), patiently);
  });

  it('one of a terminating pod counts by both', async () => {
    const ending = await createPod(cluster.admin, account, { node: node.name });
    const token = await request(ending);
    await deletePod(cluster.admin, ending, 600);
    await vi.waitFor(() => expect(callers.pods.get(namespace, ending.name)?.deletedAt).toBeGreaterThan(0), patiently);
    expect(await callers.verdict('local', token)).toMatchObject({ pod: { uid: ending.uid } });
    expect(await callers.verdict('local', token)).toEqual(await callers.verdict('review', token));
    await deletePod(cluster.admin, ending);
  });

  it.each(['Succeeded', 'Failed'])(
    'one of a pod that %s is refused here; the API server does not look',
    async (phase) => {
      const over = await createPod(cluster.admin, account, { node: node.name });
      const token = await request(over);
      await setPodStatus(cluster.admin, over, { phase });
      await vi.waitFor(() => expect(callers.pods.get(namespace, over.name)?.phase).toBe(phase), patiently);
      expect(await callers.verdict('local', token)).toBe('authn.failed');
      expect(await callers.verdict('review', token)).toMatchObject({ pod: { uid: over.uid } });
    },
  );

  it('K-70: one of a deleted service account is refused by both', async () => {
    const other = await createServiceAccount(cluster.admin, namespace);
    const itsPod = await createPod(cluster.admin, other, { node: node.name });
    const token = await requestToken(cluster.admin, other, { audiences: ['istio-ca'], pod: itsPod });
    expect(await callers.verdict('local', token)).toMatchObject({ serviceAccount: other.name });
    await cluster.admin.delete(`/api/v1/namespaces/${namespace}/serviceaccounts/${other.name}`);
    for (const mode of ['local', 'review'] as const) {
      await vi.waitFor(async () => expect(await callers.verdict(mode, token)).toBe('authn.failed'), patiently);
    }
  });

  it('K-69: one signed by another key under a known or unknown id is refused by both', async () => {
    const forger = TokenKey.generate('RS256');
    const { kid } = cluster.tokenKey;
    for (const token of [forger.token(claims()), forger.token(claims(), { kid })]) {
      for (const mode of ['review', 'local', 'local-then-review'] as const) {
        expect(await callers.verdict(mode, token)).toBe('authn.failed');
      }
    }
  });

  it('has the same answer whatever it claims, signed by the cluster itself', { timeout: 240_000 }, async () => {
    const key = cluster.tokenKey;
    const uids = [{ name: 'web', uid: account.uid }, { name: pod.name, uid: pod.uid }, node];
    const now = Math.floor(Date.now() / 1000);
    const tally = new Map<string, number>();
    const odd: string[] = [];
    for (const plan of fc.sample(tokenPlans({ issuer: cluster.issuer, now, uids }), {
      numRuns: 1000,
      seed: 20261121,
    })) {
      const token = changed(key.token(claims(plan.claims, plan.kubernetes), plan.header), plan.change);
      const unbound = plan.kubernetes.pod === undefined && 'pod' in plan.kubernetes ? 'accept' : 'refuse';
      const reviewed = await callers.verdict('review', token, unbound);
      for (const mode of ['local', 'local-then-review'] as const) {
        const here = await callers.verdict(mode, token, unbound);
        if (JSON.stringify(here) !== JSON.stringify(reviewed)) odd.push(JSON.stringify({ mode, plan, here, reviewed }));
      }
      const outcome = typeof reviewed === 'string' ? reviewed : 'proven';
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    }
    expect(odd).toEqual([]);
    expect([...tally.keys()].sort()).toEqual(['authn.failed', 'proven']);
    expect(tally.get('proven')).toBeGreaterThan(150);
  });
});
