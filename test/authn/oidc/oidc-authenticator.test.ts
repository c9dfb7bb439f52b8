import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serviceAccountMapping } from '#authn/oidc/identity-mapping.ts';
import { OidcAuthenticator, type OidcOptions } from '#authn/oidc/oidc-authenticator.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import {
  bearer,
  confusedToken,
  evidence,
  type IssuerKey,
  jwks,
  MemoryKeys,
  makeKey,
  never,
  StoppedClock,
  tokenOf,
  unsigned,
} from './issuer.ts';

const issuer = 'https://issuer.example';
const sub = 'system:serviceaccount:demo:web';
const clock = new StoppedClock();
let es: IssuerKey;
let all: readonly IssuerKey[];
let keys: MemoryKeys;

beforeAll(() => {
  es = makeKey('es', 'ES256');
  all = [es, ...['RS256', 'EdDSA', 'ES384', 'ES512', 'PS256', 'RS512'].map((alg) => makeKey(alg, alg))];
});
beforeEach(() => {
  keys = new MemoryKeys(jwks(all));
});

const claims = (over: object = {}) => ({
  iss: issuer,
  aud: ['istio-ca'],
  sub,
  iat: clock.seconds - 10,
  nbf: clock.seconds - 10,
  exp: clock.seconds + 600,
  jti: 'id-1',
  ...over,
});

function make(over: Partial<OidcOptions> = {}): OidcAuthenticator {
  return new OidcAuthenticator({
    issuer,
    audiences: ['istio-ca', 'other'],
    keys,
    mapping: serviceAccountMapping(parseTrustDomain('cluster.local')),
    clock,
    ...over,
  });
}

const ask = (token: string, over: Partial<OidcOptions> = {}) => make(over).authenticate(bearer(token), never);
const header = (key: IssuerKey, over: object = {}) => ({ alg: key.alg, kid: key.kid, ...over });
const failed = expect.objectContaining({ name: 'Refusal', code: 'authn.failed' });

describe('a token that is taken', () => {
  it('Istio 26, 46: gives the identity, and for the record what it says of itself', async () => {
    const caller = await ask(tokenOf(header(es), claims(), es));
    expect(caller?.facts).toEqual({
      identity: 'spiffe://cluster.local/ns/demo/sa/web',
      authenticator: 'oidc',
      namespace: 'demo',
      serviceAccount: 'web',
      audiences: ['istio-ca'],
      credential: {
        issuer,
        audience: ['istio-ca'],
        subject: sub,
        jti: 'id-1',
        expires: clock.seconds + 600,
        kid: 'es',
      },
    });
  });

  it.each(['ES256', 'RS256', 'EdDSA'])('%s by default', async (alg) => {
    const key = all.find((each) => each.alg === alg) ?? es;
    expect((await ask(tokenOf(header(key), claims(), key)))?.identity).toContain('/sa/web');
  });

  it.each(['ES384', 'ES512', 'PS256', 'RS512'] as const)('%s only when configured', async (alg) => {
    const key = all.find((each) => each.alg === alg) ?? es;
    const token = tokenOf(header(key), claims(), key);
    await expect(ask(token)).rejects.toEqual(failed);
    expect((await ask(token, { algorithms: [alg] }))?.identity).toContain('/sa/web');
  });

  it('without a kid, where just one published key fits', async () => {
    expect(await ask(tokenOf({ alg: 'ES256' }, claims(), es))).toBeDefined();
    keys.text = jwks([es, makeKey('second', 'ES256')]);
    await expect(ask(tokenOf({ alg: 'ES256' }, claims(), es))).rejects.toEqual(failed);
  });

  it('with aud as a string, unless a list is asked for', async () => {
    const token = tokenOf(header(es), claims({ aud: 'istio-ca' }), es);
    expect(await ask(token)).toBeDefined();
    await expect(ask(token, { audienceForm: 'array' })).rejects.toEqual(failed);
  });

  it('as long as the tolerance for clocks has not passed', async () => {
    expect(await ask(tokenOf(header(es), claims({ exp: clock.seconds - 29 }), es))).toBeDefined();
    expect(
      await ask(tokenOf(header(es), claims({ nbf: clock.seconds + 29, iat: clock.seconds + 29 }), es)),
    ).toBeDefined();
    await expect(
      ask(tokenOf(header(es), claims({ exp: clock.seconds - 1 }), es), { clockToleranceSeconds: 0 }),
    ).rejects.toEqual(failed);
  });
});

describe('Istio 46: a token is refused', () => {
  const badClaims: readonly (readonly [string, object])[] = [
    ['of another issuer', { iss: 'https://other.example' }],
    ['of an issuer that differs by a slash', { iss: `${issuer}/` }],
    ['without iss', { iss: undefined }],
    ['for another audience', { aud: ['somebody'] }],
    ['for no audience', { aud: [] }],
    ['without aud', { aud: undefined }],
    ['with a number in aud', { aud: ['istio-ca', 4] }],
    ['with an object as aud', { aud: { 'istio-ca': true } }],
    ['that has expired', { exp: clock.seconds - 31 }],
    ['that never expires', { exp: undefined }],
    ['whose exp is a string', { exp: String(clock.seconds + 600) }],
    ['whose exp is null', { exp: null }],
    ['that is not valid yet', { nbf: clock.seconds + 31 }],
    ['that was issued in the future', { iat: clock.seconds + 31 }],
    ['whose iat is a string', { iat: 'now' }],
    ['without sub', { sub: undefined }],
    ['with a sub of three parts', { sub: 'system:serviceaccount:demo' }],
    ['with a sub of five parts', { sub: 'system:serviceaccount:demo:web:x' }],
    ['with an empty namespace', { sub: 'system:serviceaccount::web' }],
    ['with an empty account', { sub: 'system:serviceaccount:demo:' }],
    ['with a sub of another kind', { sub: 'system:node:demo:web' }],
    ['with a sub of another first part', { sub: 'sYstem:serviceaccount:demo:web' }],
    ['with a slash in the account', { sub: 'system:serviceaccount:demo:web/sa/admin' }],
    ['with dots for an account', { sub: 'system:serviceaccount:demo:..' }],
    ['with a list as sub', { sub: [sub] }],
    ['with a number as sub', { sub: 7 }],
  ];
  it.each(badClaims)('%s', async (_, over) => {
    await expect(ask(tokenOf(header(es), claims(over), es))).rejects.toEqual(failed);
  });

  const badTokens: readonly (readonly [string, () => string])[] = [
    ['of alg none', () => unsigned({ alg: 'none' }, claims())],
    ['of alg none with some signature', () => unsigned({ alg: 'none', kid: 'es' }, claims(), 'AAAA')],
    ['of alg None', () => unsigned({ alg: 'None', kid: 'es' }, claims(), 'AAAA')],
    ['signed by HMAC with the public key', () => confusedToken({ alg: 'HS256', kid: 'es' }, claims(), es)],
    ['signed by HMAC and called ES256', () => confusedToken(header(es), claims(), es)],
    ['signed by another key under our kid', () => tokenOf(header(es), claims(), makeKey('es', 'ES256'))],
    ['with a kid that the issuer lacks', () => tokenOf(header(es, { kid: 'nobody' }), claims(), es)],
    ['with a number as kid', () => tokenOf(header(es, { kid: 4 }), claims(), es)],
    ['with an unknown critical header', () => tokenOf(header(es, { crit: ['x'], x: 1 }), claims(), es)],
    ['with its payload unencoded', () => tokenOf(header(es, { crit: ['b64'], b64: false }), claims(), es)],
    [
      'that brings its own key',
      () => {
        const own = makeKey('own', 'ES256');
        return tokenOf({ alg: 'ES256', jwk: own.publicKey.export({ format: 'jwk' }) }, claims(), own);
      },
    ],
    ['whose alg is a list', () => tokenOf({ alg: ['ES256'], kid: 'es' }, claims(), es)],
    ['without alg', () => tokenOf({ kid: 'es' }, claims(), es)],
    ['whose header is no JSON', () => tokenOf('{', claims(), es)],
    ['whose header is a list', () => tokenOf('[]', claims(), es)],
    ['whose payload is no JSON', () => tokenOf(header(es), 'x', es)],
    ['whose payload is null', () => tokenOf(header(es), 'null', es)],
    ['whose payload is a list', () => tokenOf(header(es), '[]', es)],
    ['of two parts', () => tokenOf(header(es), claims(), es).split('.').slice(0, 2).join('.')],
    ['of four parts', () => `${tokenOf(header(es), claims(), es)}.x`],
    ['with padding', () => `${tokenOf(header(es), claims(), es)}==`],
    ['with a space before it', () => ` ${tokenOf(header(es), claims(), es)}`],
    ['with a line break after it', () => `${tokenOf(header(es), claims(), es)}\n`],
    ['that is empty', () => ''],
    ['of 16 KiB and one', () => 'a'.repeat(16 * 1024 + 1)],
    ['that is dots', () => '..'],
  ];
  it.each(badTokens)('%s', async (_, token) => {
    await expect(ask(token())).rejects.toEqual(failed);
  });

  it('signed with RSA under 2048 bits', async () => {
    const short = makeKey('short', 'RS256short');
    keys.text = jwks([short, es]);
    await expect(ask(tokenOf(header(short), claims(), short))).rejects.toEqual(failed);
  });

  it('by a key that was published for encryption', async () => {
    keys.text = JSON.stringify({
      keys: [...JSON.parse(jwks([makeKey('x', 'ES256')])).keys, ...JSON.parse(jwks([es], { use: 'enc' })).keys],
    });
    await expect(ask(tokenOf(header(es), claims(), es))).rejects.toEqual(failed);
  });

  it('by a key that was published for another algorithm', async () => {
    const rs = all.find(({ alg }) => alg === 'RS256') ?? es;
    const asRs512 = { ...rs, alg: 'RS512' };
    await expect(
      ask(tokenOf({ alg: 'RS512', kid: rs.kid }, claims(), asRs512), { algorithms: ['RS256', 'RS512'] }),
    ).rejects.toEqual(failed);
  });

  it('Istio 36: with a reason that does not hold the token', async () => {
    const token = tokenOf(header(es), claims({ exp: 1 }), es);
    const refusal: unknown = await ask(token).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(Refusal);
    if (!(refusal instanceof Refusal)) return;
    expect(refusal.message).toContain('exp');
    for (const part of token.split('.')) expect(refusal.message + JSON.stringify(refusal.detail)).not.toContain(part);
  });
});

describe('mutated tokens', () => {
  it('are never accepted, and always end as a refusal', async () => {
    const token = tokenOf(header(es), claims(), es);
    const authenticator = make();
    const edit = fc.tuple(
      fc.nat(token.length - 1),
      fc.oneof(fc.constantFrom(...'AZaz09-_.=+/ \n\u0000é'), fc.constant('')),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let mutated = token;
        for (const [at, text, insert] of edits) {
          mutated = mutated.slice(0, at) + text + mutated.slice(insert ? at : at + 1);
        }
        if (mutated === token) return;
        await expect(authenticator.authenticate(bearer(mutated), never)).rejects.toEqual(failed);
      }),
      { numRuns: 600 },
    );
  });

  it('rightly signed ones with any JSON inside give the caller that their claims name, or a refusal', async () => {
    const authenticator = make();
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>(issuer, 'istio-ca', ['istio-ca'], sub, clock.seconds + 60, clock.seconds, -0, 1e308),
    );
    const names = ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', '__proto__', 'toString'];
    const edit = fc.tuple(fc.constantFrom(...names), value);
    const inHeader = fc.tuple(fc.constantFrom('kid', 'typ', 'crit', 'b64', 'jwk', 'x5c', '__proto__', 'alg'), value);
    let served = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 2 }), fc.array(inHeader, { maxLength: 1 }), async (edits, heads) => {
        const token = tokenOf(
          { ...header(es), ...Object.fromEntries(heads) },
          { ...claims(), ...Object.fromEntries(edits) },
          es,
        );
        try {
          const caller = await authenticator.authenticate(bearer(token), never);
          expect(caller?.identity).toBe('spiffe://cluster.local/ns/demo/sa/web');
          served++;
        } catch (thrown) {
          expect(thrown).toEqual(failed);
        }
      }),
      { numRuns: 800 },
    );
    expect(served).toBeGreaterThan(50);
  });

  it('any text at all is refused', async () => {
    const authenticator = make();
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 80, unit: 'binary' }), async (text) => {
        await expect(authenticator.authenticate(bearer(text), never)).rejects.toEqual(failed);
      }),
    );
  });
});

describe('construction', () => {
  it('Istio 46: without an audience, an issuer or an algorithm nobody could or everybody would pass', () => {
    expect(() => make({ audiences: [] })).toThrow(/audience/);
    expect(() => make({ issuer: '' })).toThrow(/issuer/);
    expect(() => make({ algorithms: [] })).toThrow(/algorithm/);
  });

  it('without a bearer token there is nothing for it to say', async () => {
    expect(await make().authenticate(evidence(), never)).toBeUndefined();
    expect(keys.reads).toBe(0);
  });
});
