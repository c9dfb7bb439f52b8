import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { serviceAccountMapping } from '#authn/oidc/identity-mapping.ts';
import { OidcAuthenticator } from '#authn/oidc/oidc-authenticator.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { describeWith } from '#test/oracles.ts';
import {
  bearer,
  confusedToken,
  type IssuerKey,
  jwks,
  MemoryKeys,
  makeKey,
  never,
  StoppedClock,
  tokenOf,
  unsigned,
} from './issuer.ts';

const algorithms = ['ES256', 'RS256', 'EdDSA'] as const;
const issuer = 'https://issuer.example';
const clock = new StoppedClock();
const tolerance = 30;

/** Tokens of every mood: good ones, each claim and header member off by something, and bytes changed afterwards. */
function tokens(keys: readonly IssuerKey[]): fc.Arbitrary<string> {
  const around = (seconds: number) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<unknown>(clock.seconds + seconds) },
      { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }).map((offset): unknown => clock.seconds + offset) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, '1', -1, 0, 1e300, 1.5, true, [], {}) },
    );
  const mostly = (good: unknown, ...bad: readonly unknown[]) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(good) },
      { weight: 1, arbitrary: fc.constantFrom(...bad, undefined, null, 7) },
    );
  const payload = fc.record({
    iss: mostly(issuer, `${issuer}/`, ''),
    aud: mostly(['istio-ca'], 'istio-ca', ['x', 'istio-ca'], [], ['x'], 'x', [['istio-ca']], { a: 1 }),
    sub: mostly('system:serviceaccount:demo:web', '', 'x', []),
    exp: around(600),
    iat: around(-10),
    nbf: around(-10),
  });
  return fc
    .record({
      payload,
      key: fc.constantFrom(...keys),
      alg: fc.oneof(
        { weight: 8, arbitrary: fc.constant<unknown>('own') },
        {
          weight: 1,
          arbitrary: fc.constantFrom<unknown>('none', 'HS256', 'ES256', 'RS256', 'EdDSA', 'PS256', '', null, 1, [
            'ES256',
          ]),
        },
      ),
      kid: fc.oneof(
        { weight: 6, arbitrary: fc.constant<unknown>('own') },
        { weight: 1, arbitrary: fc.constantFrom<unknown>('ES256', 'x', undefined, '', 1) },
      ),
      extra: fc.oneof(
        { weight: 8, arbitrary: fc.constant({}) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<object>(
            { typ: 'JWT' },
            { crit: ['x'], x: 1 },
            { crit: [] },
            { b64: false },
            { zip: 'DEF' },
            { typ: 4 },
          ),
        },
      ),
      how: fc.oneof(
        { weight: 10, arbitrary: fc.constant('signed' as const) },
        { weight: 1, arbitrary: fc.constantFrom('confused' as const, 'unsigned' as const) },
      ),
      change: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.constantFrom('A', '_', '=', '.', '', ' ', '\n', '+')) },
      ),
    })
    .map(({ payload: claims, key, alg, kid, extra, how, change }) => {
      const header = { alg: alg === 'own' ? key.alg : alg, kid: kid === 'own' ? key.kid : kid, ...extra };
      const token = {
        signed: () => tokenOf(header, claims, key),
        confused: () => confusedToken(header, claims, key),
        unsigned: () => unsigned(header, claims),
      }[how]();
      if (change === undefined) return token;
      const at = change[0] % token.length;
      return token.slice(0, at) + change[1] + token.slice(at + 1);
    });
}

describeWith(['go:jwtcheck'], 'bearer tokens, here and in go-jose', (judge) => {
  it('Istio 46: nothing is accepted here that Go refuses', async () => {
    const keys = algorithms.map((alg) => makeKey(alg, alg));
    const document = jwks(keys);
    const list = fc.sample(tokens(keys), { numRuns: 1500, seed: 20261121 });
    const verdicts: unknown = JSON.parse(
      execFileSync(judge('go:jwtcheck'), {
        input: JSON.stringify({
          keys: JSON.parse(document),
          algorithms,
          issuer,
          audience: 'istio-ca',
          now: clock.seconds,
          leeway: tolerance,
          tokens: list,
        }),
        maxBuffer: 1 << 26,
      }).toString(),
    );
    if (!Array.isArray(verdicts)) throw new Error('no verdicts');
    const authenticator = new OidcAuthenticator({
      issuer,
      audiences: ['istio-ca'],
      keys: new MemoryKeys(document),
      mapping: serviceAccountMapping(parseTrustDomain('cluster.local')),
      clock,
      algorithms,
      clockToleranceSeconds: tolerance,
    });
    const onlyHere: string[] = [];
    const onlyThere = new Map<string, number>();
    let both = 0;
    for (const [i, token] of list.entries()) {
      const ours = await authenticator.authenticate(bearer(token), never).then(
        () => '',
        (thrown: unknown) => String(thrown),
      );
      const theirs = String(verdicts[i]);
      if (ours === '' && theirs === '') both++;
      if (ours === '' && theirs !== '') onlyHere.push(`${theirs}: ${decoded(token)}`);
      if (ours !== '' && theirs === '') onlyThere.set(ours, (onlyThere.get(ours) ?? 0) + 1);
    }
    expect(onlyHere).toEqual([]);
    expect(both).toBeGreaterThan(100);
    // what we refuse beyond Go is deliberate, each by its reason
    expect([...onlyThere.keys()].filter((reason) => !stricter.some((known) => known.test(reason)))).toEqual([]);
  });
});

/** Where we are stricter than go-jose. */
const stricter: readonly RegExp[] = [
  // Go reads a time of the wrong type, or null, as absent; and 1e300 wraps around in its 64-bit clock
  /"(nbf|iat)" claim must be a number/,
  /"nbf" claim timestamp check failed/,
  /a time in it is no time of this calendar/,
  // RFC 7515 §4.1.11: an empty crit must not be
  /"crit" \(Critical\) Header Parameter MUST be an array/,
  // Go takes an empty kid for none
  /the issuer has no key for kid ""/,
  // Go was not asked to make an identity of it
  /sub is not system:serviceaccount/,
];

function decoded(token: string): string {
  const parts = token.split('.').slice(0, 2);
  return parts.map((part) => Buffer.from(part, 'base64url').toString()).join(' ');
}
