import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeToken, isName, readClaims, speaksOfServiceAccount } from '#authn/kubernetes/token-claims.ts';
import { Refusal } from '#refusal/refusal.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (header: unknown, payload: unknown) => `${encode(header)}.${encode(payload)}.AAAA`;

describe('claims', () => {
  it('are read, or refused for what the log may show, whatever is in them', () => {
    const mostly = (...good: readonly unknown[]) =>
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.jsonValue() });
    const named = fc.oneof(
      { weight: 3, arbitrary: fc.constant<unknown>({ name: 'web', uid: 'u' }) },
      {
        weight: 1,
        arbitrary: fc.record({ name: fc.oneof(fc.constantFrom('..', 'Web', ''), fc.string()), uid: fc.uuid() }),
      },
      { weight: 1, arbitrary: fc.jsonValue() },
    );
    const kubernetes = fc.record(
      {
        namespace: mostly('demo'),
        serviceaccount: named,
        pod: named,
        node: named,
        secret: fc.jsonValue(),
        __proto__: named,
      },
      { requiredKeys: ['namespace', 'serviceaccount'] },
    );
    const payload = fc.record(
      {
        iss: mostly('https://issuer.example'),
        sub: mostly('system:serviceaccount:demo:web'),
        aud: mostly(['istio-ca'], 'istio-ca'),
        exp: mostly(0, 1, 1.5, 253_402_300_799),
        nbf: mostly(1),
        jti: fc.jsonValue(),
        'kubernetes.io': fc.oneof({ weight: 9, arbitrary: kubernetes }, { weight: 1, arbitrary: fc.jsonValue() }),
      },
      { requiredKeys: ['iss', 'sub', 'aud', 'exp', 'kubernetes.io'] },
    );
    let read = 0;
    fc.assert(
      fc.property(payload, fc.jsonValue(), (given, extra) => {
        const decoded = decodeToken(token({ alg: 'ES256', x: extra }, given));
        if (decoded === undefined) throw new Error('not decoded');
        try {
          const claims = readClaims(decoded);
          read++;
          expect(speaksOfServiceAccount(decoded)).toBe(true);
          for (const each of [claims.namespace, claims.serviceAccount.name, claims.pod?.name, claims.node?.name]) {
            expect(each === undefined || isName(each)).toBe(true);
          }
          expect(claims.expires).toBeGreaterThanOrEqual(0);
          expect(given.sub).toBe(`system:serviceaccount:${claims.namespace}:${claims.serviceAccount.name}`);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Refusal);
          expect(thrown).toHaveProperty('code', 'authn.failed');
        }
      }),
      { numRuns: 3000, seed: 51 },
    );
    expect(read).toBeGreaterThan(200);
    expect(read).toBeLessThan(2500);
  });

  it.each(['', '.', '..', '-a', 'a-', 'a.', 'A', 'a/b', 'a b', 'a\n', 'ä', 'a%2fb', 'a'.repeat(254)])(
    'hold no name like %j',
    (name) => expect(isName(name)).toBe(false),
  );
  it.each(['a', 'web', 'web-1', 'a.b.c', '1', 'a'.repeat(253)])('hold a name like %j', (name) =>
    expect(isName(name)).toBe(true),
  );

  it('are not looked for in what is no JWT of two JSON objects', () => {
    const bad = ['', 'x', 'a.b.AAAA', token([], {}), token({}, []), token(1, {}), token(null, {}), `${token({}, {})}=`];
    for (const text of bad) expect(decodeToken(text)).toBeUndefined();
    expect(() => decodeToken(`${token({}, {}).slice(0, -2)}B`)).toThrow(/bits to spare/);
    fc.assert(fc.property(fc.string(), (text) => decodeToken(text) === undefined));
    expect(decodeToken(token({}, {}))).toEqual({ header: {}, payload: {} });
  });
});
