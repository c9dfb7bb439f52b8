import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  deletePod,
  grant,
  type Node,
  type Pod,
  requestToken,
  reviewToken,
  type ServiceAccount,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { claimsOf } from '#test/support/control-plane/token-key.ts';

/** What this program takes for granted of an API server, asked of a real one. */

const extra = (name: string) => `authentication.kubernetes.io/${name}`;

describeWith(['control-plane'], 'service-account tokens of a real API server', () => {
  let cluster: ControlPlane;
  let namespace: string;
  let account: ServiceAccount;
  let node: Node;
  let pod: Pod;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    namespace = await createNamespace(cluster.admin);
    account = await createServiceAccount(cluster.admin, namespace, 'web');
    node = await createNode(cluster.admin);
    pod = await createPod(cluster.admin, account, { node: node.name });
  });

  it('name the service account, the pod and its node, each with its UID', async () => {
    const claims = claimsOf(await requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod }));
    expect(claims).toMatchObject({
      iss: cluster.issuer,
      aud: ['istio-ca'],
      sub: `system:serviceaccount:${namespace}:web`,
      nbf: claims.iat,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': {
        namespace,
        serviceaccount: { name: 'web', uid: account.uid },
        pod: { name: pod.name, uid: pod.uid },
        node,
      },
    });
  });

  it('carry the key identifier that is the digest of the public key', async () => {
    const token = await requestToken(cluster.admin, account);
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    expect(header).toEqual({ alg: 'RS256', kid: cluster.tokenKey.kid });
  });

  it('are refused a life of less than ten minutes', async () => {
    await expect(requestToken(cluster.admin, account, { expirationSeconds: 599 })).rejects.toThrow(/422/);
  });

  it('are reviewed to the user, the groups, the audience in common and the extras of the pod', async () => {
    const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod });
    const { jti } = claimsOf(token);
    expect(await reviewToken(cluster.admin, token, ['other', 'istio-ca'])).toEqual({
      authenticated: true,
      audiences: ['istio-ca'],
      user: {
        username: `system:serviceaccount:${namespace}:web`,
        uid: account.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        extra: {
          [extra('credential-id')]: [`JTI=${jti}`],
          [extra('node-name')]: [node.name],
          [extra('node-uid')]: [node.uid],
          [extra('pod-name')]: [pod.name],
          [extra('pod-uid')]: [pod.uid],
        },
      },
    });
  });

  it('are reviewed against the audience of the API server where the review names none', async () => {
    const theirs = await requestToken(cluster.admin, account, { pod });
    const ours = await requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod });
    expect(at(await reviewToken(cluster.admin, theirs), 'authenticated')).toBe(true);
    expect(at(await reviewToken(cluster.admin, ours), 'authenticated')).toBeUndefined();
  });

  it('are reviewed without a word of a pod where they are bound to none', async () => {
    const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'] });
    const status = await reviewToken(cluster.admin, token, ['istio-ca']);
    expect(at(status, 'authenticated')).toBe(true);
    expect(Object.keys(Object(at(status, 'user', 'extra')))).toEqual([extra('credential-id')]);
  });

  it.each([
    { what: 'for another audience', audiences: ['vault'], claims: {} },
    {
      what: 'that expired',
      audiences: ['istio-ca'],
      claims: { iat: 1_700_000_000, nbf: 1_700_000_000, exp: 1_700_003_600 },
    },
    { what: 'of another issuer', audiences: ['istio-ca'], claims: { iss: 'https://elsewhere.test' } },
  ])('$what are answered 201 with an error, and authenticated is absent, not false', async ({ audiences, claims }) => {
    const good = claimsOf(await requestToken(cluster.admin, account, { audiences, pod }));
    const token = cluster.tokenKey.token({ ...good, ...claims });
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const answer = await cluster.admin.ask('POST', path, { body: { spec: { token, audiences: ['istio-ca'] } } });
    expect(answer.status).toBe(201);
    expect(at(answer.body, 'status')).toEqual({ user: {}, error: expect.any(String) });
  });

  it('stay good for as long as the API server remembers them, after their pod is gone', {
    timeout: 60_000,
  }, async () => {
    const doomed = await createPod(cluster.admin, account, { node: node.name });
    const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod: doomed });
    const good = async (each: string) => at(await reviewToken(cluster.admin, each, ['istio-ca']), 'authenticated');
    const anew = (n: number) => cluster.tokenKey.token({ ...claimsOf(token), jti: `another-${n}` });
    expect(await good(token)).toBe(true);
    expect(await good(anew(0))).toBe(true);
    await deletePod(cluster.admin, doomed);
    let n = 0;
    // A token that it never saw tells when it knows of the deletion.
    await expect.poll(() => good(anew(++n)), { timeout: 10_000 }).toBeUndefined();
    await expect.poll(() => good(token), { timeout: 20_000, interval: 500 }).toBeUndefined();
  });

  it('may be reviewed only by whom RBAC lets create a review', async () => {
    const reviewer = await createServiceAccount(cluster.admin, namespace);
    const client = cluster.client(await requestToken(cluster.admin, reviewer));
    const token = await requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod });
    await expect(reviewToken(client, token, ['istio-ca'])).rejects.toThrow(/403/);
    await grant(cluster.admin, reviewer, [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]);
    const authenticated = () => reviewToken(client, token, ['istio-ca']).then((status) => at(status, 'authenticated'));
    await expect.poll(() => authenticated().catch(() => 'not yet'), { timeout: 10_000 }).toBe(true);
    client.close();
  });
});

describeWith(['control-plane'], 'the discovery documents of a real API server', () => {
  const jwkSet = { accept: 'application/jwk-set+json' };
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
  });

  it('are refused to whoever accepts only application/json', async () => {
    const statusFor = async (accept: string) => (await cluster.admin.ask('GET', '/openid/v1/jwks', { accept })).status;
    expect(await statusFor('application/json')).toBe(406);
    expect(await statusFor('application/json, application/jwk-set+json')).toBe(200);
    expect(await statusFor('*/*')).toBe(200);
  });

  it('hold the keys as a JWK set of its own media type, with an age', async () => {
    const answer = await cluster.admin.ask('GET', '/openid/v1/jwks', jwkSet);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/jwk-set+json');
    expect(answer.headers['cache-control']).toMatch(/max-age=\d+/);
    expect(at(answer.body, 'keys', 0)).toMatchObject({
      kid: cluster.tokenKey.kid,
      use: 'sig',
      alg: 'RS256',
      kty: 'RSA',
    });
  });

  it('name the issuer and the algorithms', async () => {
    const configuration = await cluster.admin.get('/.well-known/openid-configuration');
    expect(configuration).toMatchObject({
      issuer: cluster.issuer,
      id_token_signing_alg_values_supported: ['RS256'],
      jwks_uri: expect.stringMatching(/\/openid\/v1\/jwks$/),
    });
  });

  it('are read by every service account and by nobody without a token', async () => {
    const account = await createServiceAccount(cluster.admin, await createNamespace(cluster.admin));
    const known = cluster.client(await requestToken(cluster.admin, account));
    const nobody = cluster.client('');
    expect((await known.ask('GET', '/openid/v1/jwks', jwkSet)).status).toBe(200);
    expect((await nobody.ask('GET', '/openid/v1/jwks', jwkSet)).status).toBe(403);
    known.close();
    nobody.close();
  });
});
