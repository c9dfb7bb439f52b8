import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { AuthenticatorChain } from '#authn/chain.ts';
import { ClientCertificateAuthenticator } from '#authn/client-certificate.ts';
import { serviceAccountMapping } from '#authn/oidc/identity-mapping.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
import type { Authenticator } from '#issuance/ports.ts';
import { type IssuerKey, jwks, MemoryKeys, makeKey, tokenOf } from '#test/authn/oidc/issuer.ts';
import { type Mesh, makeMesh, type OpenDoor, openDoor, trustDomain, tsClient, webId } from './fixture.ts';

const clock = { now: () => Date.now() };
const otherId = 'spiffe://cluster.local/ns/demo/sa/other';
let mesh: Mesh;
let key: IssuerKey;
let keys: MemoryKeys;

beforeAll(async () => {
  mesh = await makeMesh();
  key = makeKey('k', 'ES256');
  keys = new MemoryKeys(jwks([key]));
});

const byCertificate = () => new ClientCertificateAuthenticator({ trustDomain, clock });
const byToken = (source = keys) =>
  new OidcAuthenticator({
    issuer: 'https://issuer.example',
    audiences: ['istio-ca'],
    keys: source,
    mapping: serviceAccountMapping(trustDomain),
    clock,
  });

function token(over: object = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const claims = {
    iss: 'https://issuer.example',
    aud: ['istio-ca'],
    sub: 'system:serviceaccount:demo:other',
    exp,
    ...over,
  };
  return tokenOf({ alg: 'ES256', kid: 'k' }, claims, key);
}

/** A door whose sequence stops after authentication. */
async function openFor(authenticators: readonly Authenticator[]): Promise<OpenDoor & { readonly callers: string[] }> {
  const open = await openDoor(mesh);
  const chain = new AuthenticatorChain(authenticators);
  const callers: string[] = [];
  open.issuance.answer = async (request, signal) => {
    callers.push((await chain.authenticate(request.evidence, signal)).identity);
    return mesh.issued;
  };
  return { ...open, callers, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() };
}

const unknown = { code: status.UNAUTHENTICATED, message: 'request authenticate failure' };

describe('callers by token, over the wire', () => {
  it('Istio 26: a valid token is served', async () => {
    await using open = await openFor([byCertificate(), byToken()]);
    using client = tsClient(open);
    expect((await client.call(undefined, [['authorization', `Bearer ${token()}`]])).code).toBe(status.OK);
    expect(open.callers).toEqual([otherId]);
  });

  it('Istio 27: no header and no certificate', async () => {
    await using open = await openFor([byCertificate(), byToken()]);
    using client = tsClient(open);
    expect(await client.call()).toMatchObject(unknown);
  });

  it.each(['bearer ', 'Bearer', 'Istio ', 'Basic ', 'BEARER '])(
    'Istio 28: "%s" is no way to show one',
    async (prefix) => {
      await using open = await openFor([byCertificate(), byToken()]);
      using client = tsClient(open);
      expect(await client.call(undefined, [['authorization', prefix + token()]])).toMatchObject(unknown);
    },
  );

  it.each([
    ['expiry', { exp: 1 }],
    ['issuer', { iss: 'https://other' }],
    ['audience', { aud: ['other'] }],
    ['a three-part sub', { sub: 'system:serviceaccount:demo' }],
  ])('Istio 36, 46: %s', async (_, over) => {
    await using open = await openFor([byToken()]);
    using client = tsClient(open);
    expect(await client.call(undefined, [['authorization', `Bearer ${token(over)}`]])).toMatchObject(unknown);
  });

  it('Istio 35: with the key set away it is Unavailable', async () => {
    const away = new MemoryKeys('');
    away.fault = 'ECONNREFUSED 10.0.0.1';
    await using open = await openFor([byToken(away)]);
    using client = tsClient(open);
    const answer = await client.call(undefined, [['authorization', `Bearer ${token()}`]]);
    expect(answer.code).toBe(status.UNAVAILABLE);
    expect(answer.message).not.toContain('10.0.0.1');
  });
});

describe('callers by certificate, over the wire', () => {
  it('Istio 42: a certificate alone is served for its URI', async () => {
    await using open = await openFor([byCertificate()]);
    using client = tsClient(open, mesh.workload);
    expect((await client.call()).code).toBe(status.OK);
    expect(open.callers).toEqual([webId]);
  });

  it('Istio 43: not where the way is not configured', async () => {
    await using open = await openFor([byToken()]);
    using client = tsClient(open, mesh.workload);
    expect(await client.call()).toMatchObject(unknown);
  });

  it('Istio 45: beside a token, the certificate decides where it comes first', async () => {
    await using open = await openFor([byCertificate(), byToken()]);
    using client = tsClient(open, mesh.workload);
    expect((await client.call(undefined, [['authorization', `Bearer ${token()}`]])).code).toBe(status.OK);
    expect(open.callers).toEqual([webId]);
  });
});
