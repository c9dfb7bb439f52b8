import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import type { Answer, Ask } from '#test/support/agent.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { type Pod, requestToken, type ServiceAccount } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { claimsOf, TokenKey } from '#test/support/control-plane/token-key.ts';
import { p256Request } from '#test/support/requests.ts';
import { Ambient, idOf } from './ambient.ts';
import { dialects } from './mesh.ts';

const patiently = { timeout: 30_000, interval: 50 };
const cases = dialects.flatMap((dialect) => (['local', 'review'] as const).map((mode) => ({ dialect, mode })));
const issued = ({ code, message, chain: [leaf = ''] }: Answer) =>
  code === 0 ? new X509Certificate(leaf).subjectAltName : `${code} ${message}`;
const refused = '16 request authenticate failure';
const comeAgain = '14 authentication is unavailable, try again';
const isReview = ({ path }: { readonly path: string }) => path.endsWith('/tokenreviews');

describeWith(['control-plane'], 'service-account tokens of a real cluster', () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
  });

  describe.each(cases)('in the dialect of $dialect, proven in mode $mode', ({ dialect, mode }) => {
    let site: Ambient;
    let web: ServiceAccount;
    let pod: Pod;
    let token: string;
    const ask = async (over: Ask = {}) => {
      using agent = await site.mesh.connect();
      return issued(await agent.call({ csr: p256Request(idOf(web)).csr, token, ...over }));
    };
    const reviews = () => site.proxy.seen.filter(isReview).length;
    const own = () => `URI:${idOf(web)}`;

    beforeAll(async () => {
      site = await Ambient.start(cluster, { dialect, mode });
      web = await site.account('web');
      pod = await site.pod(web, 'a');
      token = await site.token(web, pod);
      await vi.waitFor(async () => expect((await site.mesh.server.get('/readyz')).status).toBe(200), patiently);
    });
    afterAll(() => site?.[Symbol.asyncDispose]());

    it('Istio 26: a good one gets a certificate, and the record says of which pod', async () => {
      const before = reviews();
      expect(await ask()).toBe(own());
      const record = site.mesh.all().findLast(({ type }) => type === 'certificate.issued');
      expect(record).toMatchObject({
        caller: {
          authenticator: 'k8s-token',
          cluster: 'Kubernetes',
          namespace: web.namespace,
          serviceAccount: 'web',
          serviceAccountUid: web.uid,
          pod: { name: pod.name, uid: pod.uid },
          node: pod.node,
          nodeUid: at(await cluster.admin.get(`/api/v1/nodes/${pod.node}`), 'metadata', 'uid'),
          credential: { jti: claimsOf(token).jti, kid: cluster.tokenKey.kid },
        },
      });
      expect(reviews() - before).toBe(mode === 'review' ? 1 : 0);
    });

    it('Istio 27, 28: none, or one that does not come after "Bearer ", gets nothing', async () => {
      using agent = await site.mesh.connect();
      const { csr } = p256Request(idOf(web));
      expect(issued(await agent.call({ csr }))).toBe(refused);
      for (const authorization of [`bearer ${token}`, `Bearer${token}`, `Istio ${token}`, `Basic ${token}`]) {
        expect(issued(await agent.call({ csr, headers: { authorization } }))).toBe(refused);
      }
    });

    it('Istio 31, 32, 34: a bad one gets nothing', async () => {
      const claims = claimsOf(token);
      const bad = {
        forged: TokenKey.generate('RS256').token(claims, { kid: cluster.tokenKey.kid }),
        expired: cluster.tokenKey.token({ ...claims, exp: Math.floor(Date.now() / 1000) - 120 }),
        'for another audience': await requestToken(cluster.admin, web, { audiences: ['vault'], pod }),
        'for the API server': await requestToken(cluster.admin, web, { pod }),
        unbound: await site.token(web),
        'with another sub': cluster.tokenKey.token({ ...claims, sub: `system:serviceaccount:${web.namespace}:other` }),
        'no token at all': 'x',
      };
      for (const [what, given] of Object.entries(bad)) {
        expect([what, await ask({ token: given })]).toEqual([what, refused]);
      }
    });

    it('Istio 36: the reason is in the log and not in the answer, and the token is in neither', async () => {
      const other = await requestToken(cluster.admin, web, { audiences: ['vault'], pod });
      expect(await ask({ token: other })).toBe(refused);
      const reason = await site.mesh.server.said(/k8s-token: the service-account token is not taken/);
      expect(reason).not.toContain(other.split('.')[2]);
      for (const part of [...other.split('.'), ...token.split('.')].slice(1, 3)) {
        expect(site.mesh.server.stderr).not.toContain(part);
      }
    });

    it.each([['Kubernetes'], [''], [['a', 'b']]])('Istio 37: clusterid %j is the local cluster', async (clusterid) => {
      expect(await ask({ headers: { clusterid } })).toBe(own());
    });

    it('Istio 38: an unknown cluster gets nothing, and no API server is asked', async () => {
      const before = reviews();
      expect(await ask({ headers: { clusterid: 'elsewhere' } })).toBe(refused);
      expect(reviews()).toBe(before);
    });

    it.each([
      ['hangs', { kind: 'hang' } as const],
      ['cuts connections', { kind: 'drop' } as const],
      ['is broken', { kind: 'answer', status: 500 } as const],
      ['forbids us', { kind: 'answer', status: 403 } as const],
      ['talks nonsense', { kind: 'answer', status: 200, body: '<html>' } as const],
    ])('Istio 35: an API server that %s makes nobody wrong and lets nobody hang', async (_, fault) => {
      const made = site.proxy.make(fault);
      try {
        expect(await ask()).toBe(mode === 'review' ? comeAgain : own());
      } finally {
        made.lift();
      }
      await vi.waitFor(async () => expect(await ask()).toBe(own()), patiently);
    });

    it('counts what the API server was asked', async () => {
      const { body } = await site.mesh.server.get('/metrics');
      const counted = (line: RegExp) => body.split('\n').some((each) => line.test(each));
      const proven =
        /^countersign_kubernetes_token_reviews_total\{cluster="Kubernetes",why="mode",outcome="proven"\} \d+$/;
      expect(counted(proven)).toBe(mode === 'review');
      const keys = /^countersign_kubernetes_key_reads_total\{cluster="Kubernetes",outcome="read"\} \d+$/;
      expect(counted(keys)).toBe(mode === 'local');
      expect(counted(/^countersign_kubernetes_view_silence_seconds\{cluster="Kubernetes"\} [\d.e-]+$/)).toBe(true);
    });
  });

  it('is not ready in mode local until its views are whole, and then is', async () => {
    await using site = await Ambient.start(cluster, {
      dialect: 'istiod',
      mode: 'local',
      prepare: (proxy) =>
        proxy.make({ kind: 'answer', status: 503 }, { when: ({ path }) => path === '/api/v1/serviceaccounts' }),
    });
    const before = await site.mesh.server.get('/readyz');
    expect(before.status).toBe(503);
    expect(before.body).toContain('kubernetes-callers');
    site.proxy.behave();
    await vi.waitFor(async () => expect((await site.mesh.server.get('/readyz')).status).toBe(200), patiently);
  });
});
