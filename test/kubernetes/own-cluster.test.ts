import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { kubectl } from '#test/support/control-plane/kubectl.ts';
import {
  createNamespace,
  createServiceAccount,
  requestToken,
  reviewToken,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { TokenKey } from '#test/support/control-plane/token-key.ts';

const version = (object: unknown) => String(at(object, 'metadata', 'resourceVersion'));
/** What starts programs takes seconds where the machine is busy. */
const starting = { timeout: 240_000 };

describeWith(['control-plane'], 'a cluster of one’s own', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  }, starting.timeout);
  afterAll(() => cluster.stop());

  it(
    'hangs while paused, answers when resumed, refuses while down, and knows all when it is back',
    starting,
    async () => {
      const namespace = await createNamespace(cluster.admin);
      const path = `/api/v1/namespaces/${namespace}`;

      await cluster.pause();
      const late = cluster.admin.get(path);
      const early = await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 300, 'nothing'))]);
      cluster.resume();
      expect(early).toBe('nothing');
      expect(at(await late, 'metadata', 'name')).toBe(namespace);

      await cluster.down();
      await expect(cluster.admin.get(path)).rejects.toThrow(/ECONNREFUSED/);
      await cluster.up();
      expect(at(await cluster.admin.get(path), 'metadata', 'name')).toBe(namespace);
    },
  );

  it(
    'says 410 Expired to a watch from before its start, and to a list continued from before etcd’s memory',
    starting,
    async () => {
      const namespace = await createNamespace(cluster.admin);
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      for (const name of ['a', 'b', 'c']) await createServiceAccount(cluster.admin, namespace, name);
      const page = await cluster.admin.get(`${accounts}?limit=1`);
      await createServiceAccount(cluster.admin, namespace, 'd');
      await cluster.down();
      await cluster.forget();
      await cluster.up();
      const next = encodeURIComponent(String(at(page, 'metadata', 'continue')));
      expect(await cluster.admin.ask('GET', `${accounts}?limit=1&continue=${next}`)).toMatchObject({
        status: 410,
        body: { kind: 'Status', code: 410, reason: 'Expired' },
      });
      const watch = cluster.admin.watch(`${accounts}?watch=true&resourceVersion=${version(page)}&timeoutSeconds=20`);
      expect((await watch.next()).value).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410 } });
      await watch.return(undefined);
    },
  );

  it('publishes a new token key beside the old one, and takes tokens of both', starting, async () => {
    const namespace = await createNamespace(cluster.admin);
    const account = await createServiceAccount(cluster.admin, namespace);
    const before = await requestToken(cluster.admin, account, { audiences: ['istio-ca'] });
    const [old, key] = [cluster.tokenKey, TokenKey.generate('ES256')];
    await cluster.rotateTokenKey(key, [old]);
    const jwks = await cluster.admin.ask('GET', '/openid/v1/jwks', { accept: 'application/jwk-set+json' });
    expect(at(jwks.body, 'keys')).toEqual([
      expect.objectContaining({ kid: key.kid, alg: 'ES256' }),
      expect.objectContaining({ kid: old.kid, alg: 'RS256' }),
    ]);
    const after = await requestToken(cluster.admin, account, { audiences: ['istio-ca'] });
    for (const token of [before, after])
      expect(await reviewToken(cluster.admin, token, ['istio-ca'])).toMatchObject({ authenticated: true });
    await cluster.rotateTokenKey(key, []);
    expect(at(await reviewToken(cluster.admin, before, ['istio-ca']), 'authenticated')).toBeUndefined();
  });

  it('takes no token of another cluster', starting, async () => {
    const shared = await sharedControlPlane();
    const account = await createServiceAccount(shared.admin, await createNamespace(shared.admin));
    const token = await requestToken(shared.admin, account);
    expect(at(await reviewToken(shared.admin, token), 'authenticated')).toBe(true);
    expect(at(await reviewToken(cluster.admin, token), 'authenticated')).toBeUndefined();
  });

  it('lets kubectl in by each kubeconfig, as whom it names', starting, async () => {
    const account = await createServiceAccount(cluster.admin, await createNamespace(cluster.admin), 'web');
    const clientCertificate = await cluster.clientCertificate('alice', ['ops', 'dev']);
    const whoami = async (config: string) =>
      at(JSON.parse(await kubectl(config, ['auth', 'whoami', '--output=json'])), 'status', 'userInfo');
    expect(await whoami(cluster.kubeconfig)).toMatchObject({
      username: 'admin',
      groups: ['system:masters', 'system:authenticated'],
    });
    expect(await whoami(kubeconfig(cluster.facts.access, { clientCertificate }))).toMatchObject({
      username: 'alice',
      groups: ['ops', 'dev', 'system:authenticated'],
    });
    expect(await whoami(await serviceAccountKubeconfig(cluster, account))).toMatchObject({
      username: `system:serviceaccount:${account.namespace}:web`,
      uid: account.uid,
    });
  });

  it('has what kubectl applies, and says what is wrong with the rest', starting, async () => {
    const namespace = await createNamespace(cluster.admin);
    const manifest = (kind: string) =>
      `{ apiVersion: v1, kind: ${kind}, metadata: { name: web, namespace: ${namespace} } }`;
    expect(await kubectl(cluster.kubeconfig, ['apply', '-f', '-'], manifest('ServiceAccount'))).toBe(
      'serviceaccount/web created\n',
    );
    expect(at(await cluster.admin.get(`/api/v1/namespaces/${namespace}/serviceaccounts/web`), 'kind')).toBe(
      'ServiceAccount',
    );
    await expect(kubectl(cluster.kubeconfig, ['apply', '-f', '-'], manifest('Nothing'))).rejects.toThrow(/Nothing/);
  });
});
