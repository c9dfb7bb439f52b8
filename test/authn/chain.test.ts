import { describe, expect, it } from 'vitest';
import { AuthenticatorChain } from '#authn/chain.ts';
import { ClientCertificateAuthenticator } from '#authn/client-certificate.ts';
import { serviceAccountMapping } from '#authn/oidc/identity-mapping.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
import type { Authenticator } from '#issuance/ports.ts';
import { mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { issue, makeRoot } from '#test/doors/istio/pki.ts';
import { evidence, jwks, MemoryKeys, makeKey, never, StoppedClock, tokenOf } from './oidc/issuer.ts';

const caller = mintCaller({
  identity: parseSpiffeId('spiffe://cluster.local/ns/a/sa/b'),
  authenticator: 'oidc',
  credential: {},
});

function fake(name: string, answer: () => typeof caller | undefined): Authenticator & { asked: number } {
  return {
    name,
    asked: 0,
    async authenticate() {
      this.asked++;
      return answer();
    },
  };
}
const throwing = (name: string, thrown: unknown) =>
  fake(name, () => {
    throw thrown;
  });

describe('authenticators in order', () => {
  it('none configured: the server does not start', () => {
    expect(() => new AuthenticatorChain([])).toThrow(/no authenticator is configured/);
  });

  it('Istio 45: the first that yields a caller wins and the others are not asked', async () => {
    const last = throwing('last', new Error('asked'));
    const chain = new AuthenticatorChain([
      fake('empty', () => undefined),
      throwing('bad', new Refusal('authn.failed', 'no')),
      fake('good', () => caller),
      last,
    ]);
    expect(await chain.authenticate(evidence(), never)).toBe(caller);
    expect(last.asked).toBe(0);
  });

  it('Istio 27, 36: all failed: the reasons stand joined, for the log', async () => {
    const chain = new AuthenticatorChain([
      fake('client-cert', () => undefined),
      throwing('oidc', new Refusal('authn.failed', 'expired')),
    ]);
    await expect(chain.authenticate(evidence(), never)).rejects.toMatchObject({
      code: 'authn.failed',
      message: 'client-cert: nothing presented; oidc: expired',
    });
  });

  it('Istio 35: one that could not look wins over those that were not convinced', async () => {
    const chain = new AuthenticatorChain([
      throwing('down', new Refusal('authn.unavailable', 'no answer')),
      throwing('bad', new Refusal('authn.failed', 'no')),
    ]);
    await expect(chain.authenticate(evidence(), never)).rejects.toMatchObject({ code: 'authn.unavailable' });
    const saved = new AuthenticatorChain([
      throwing('down', new Refusal('authn.unavailable', 'no answer')),
      fake('good', () => caller),
    ]);
    expect(await saved.authenticate(evidence(), never)).toBe(caller);
  });

  it('Istio 87: the end of the call ends the chain as what it is', async () => {
    const late = new Refusal('deadline', 'late');
    const chain = new AuthenticatorChain([throwing('slow', late), fake('good', () => caller)]);
    await expect(chain.authenticate(evidence(), never)).rejects.toBe(late);
  });

  it('a bug in one is not taken for a bad credential', async () => {
    const chain = new AuthenticatorChain([throwing('broken', new TypeError('oops')), fake('good', () => caller)]);
    await expect(chain.authenticate(evidence(), never)).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('a client certificate as proof', () => {
  const clock = new StoppedClock(Date.now());
  const trustDomain = parseTrustDomain('cluster.local');
  const id = 'spiffe://cluster.local/ns/demo/sa/web';
  const byCertificate = new ClientCertificateAuthenticator({ trustDomain, clock });
  const der = async (wish: Parameters<typeof issue>[2]) => {
    const leaf = await issue(await makeRoot('root'), 'leaf', wish);
    return [new Uint8Array(leaf.certificate.rawData)];
  };

  it('Istio 42, 44: of URI and DNS names only the URI is the identity', async () => {
    const chain = await der({ uris: [id], dns: ['web.demo', 'admin.demo'] });
    const proven = await byCertificate.authenticate(evidence({ clientCertificate: chain }));
    expect(proven?.facts).toMatchObject({ identity: id, authenticator: 'client-cert' });
    expect(proven?.facts.credential.certificateSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(proven?.facts)).not.toContain('admin');
  });

  it('Istio 43: says nothing where no certificate was shown', async () => {
    expect(await byCertificate.authenticate(evidence())).toBeUndefined();
    expect(await byCertificate.authenticate(evidence({ clientCertificate: [] }))).toBeUndefined();
  });

  it('is looked at again on each call: a connection may outlive it', async () => {
    const shown = evidence({ clientCertificate: await der({ uris: [id] }) });
    expect(await byCertificate.authenticate(shown)).toBeDefined();
    const later = new ClientCertificateAuthenticator({
      trustDomain,
      clock: new StoppedClock(Date.now() + 2 * 3_600_000),
    });
    await expect(later.authenticate(shown)).rejects.toMatchObject({ code: 'authn.failed' });
  });

  const refused: readonly (readonly [string, Parameters<typeof issue>[2]])[] = [
    ['no URI', { dns: ['web'] }],
    ['two URIs', { uris: [id, `${id}2`] }],
    ['a foreign trust domain', { uris: ['spiffe://other/ns/demo/sa/web'] }],
    ['the basic constraints of a CA', { uris: [id], ca: true }],
    ['a URI hidden in a DNS name', { dns: [`x, URI:${id}`] }],
  ];
  it.each(refused)('Istio 22: with %s is refused', async (_, wish) => {
    const shown = evidence({ clientCertificate: await der(wish) });
    await expect(byCertificate.authenticate(shown)).rejects.toMatchObject({ code: 'authn.failed' });
  });

  it('that is not a certificate is refused', async () => {
    const shown = evidence({ clientCertificate: [new Uint8Array([0x30, 0])] });
    await expect(byCertificate.authenticate(shown)).rejects.toMatchObject({ code: 'authn.failed' });
  });

  it('Istio 45: with a token beside it, the order of the authenticators decides', async () => {
    const key = makeKey('k', 'ES256');
    const byToken = new OidcAuthenticator({
      issuer: 'https://issuer.example',
      audiences: ['istio-ca'],
      keys: new MemoryKeys(jwks([key])),
      mapping: serviceAccountMapping(trustDomain),
      clock,
    });
    const token = tokenOf(
      { alg: 'ES256', kid: 'k' },
      {
        iss: 'https://issuer.example',
        aud: ['istio-ca'],
        sub: 'system:serviceaccount:demo:other',
        exp: clock.seconds + 60,
      },
      key,
    );
    const both = evidence({
      authorization: [`Bearer ${token}`],
      clientCertificate: await der({ uris: [id] }),
    });
    const who = async (order: readonly Authenticator[]) =>
      (await new AuthenticatorChain(order).authenticate(both, never)).identity;
    expect(await who([byCertificate, byToken])).toBe(id);
    expect(await who([byToken, byCertificate])).toBe('spiffe://cluster.local/ns/demo/sa/other');
  });
});
