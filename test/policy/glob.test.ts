import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import { anyGlob } from '#policy/glob.ts';
import { Refusal } from '#refusal/refusal.ts';
import { question, setOf } from './sidecar.ts';

const cases: readonly [pattern: string, boundaries: string, matching: string[], other: string[]][] = [
  ['payments', '.', ['payments'], ['payment', 'payments2', '']],
  ['payments-*', '.', ['payments-a', 'payments-'], ['payments', 'payments-a.b']],
  ['*-eu', '.', ['prod-eu', '-eu'], ['prod-eu-1', 'a.prod-eu']],
  ['p?d', '.', ['pod', 'pad'], ['pd', 'pood', 'p.d']],
  ['*', '.', ['', 'a', 'a.b.c'], []],
  ['*.example', '.', ['a.example', '.example'], ['a.b.example', 'example']],
  ['**', '.', ['', 'abc'], ['a.b']],
  ['a*b*c', '.', ['abc', 'aXbYc', 'abbc'], ['acb', 'ab.c']],
  ['/ns/*/sa/*', '/', ['/ns/a/sa/b', '/ns/a.b/sa/c'], ['/ns/a/b/sa/c', '/ns/a/sa/b/c', '/ns/a']],
];

describe('a pattern', () => {
  it.each(cases)('%s matches what it should and nothing else', (pattern, boundaries, matching, other) => {
    const matches = anyGlob([pattern], boundaries);
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(other.filter((text) => matches(text))).toEqual([]);
  });

  it('among others matches if any does', () => {
    const matches = anyGlob(['a', 'b*'], '.');
    expect(['a', 'b', 'bc', 'c'].map(matches)).toEqual([true, true, true, false]);
  });

  it('says the same as a regular expression, for any pattern and text', () => {
    const letters = (...more: string[]) => fc.array(fc.constantFrom('a', 'b', '.', ...more), { maxLength: 9 });
    fc.assert(
      fc.property(letters('*', '?'), letters(), (pattern, text) => {
        const glob = pattern.join('');
        const source = pattern.map((c) => (c === '*' ? '[^.]*' : c === '?' ? '[^.]' : c === '.' ? '\\.' : c)).join('');
        const want = glob === '*' || new RegExp(`^${source}$`).test(text.join(''));
        return anyGlob([glob], '.')(text.join('')) === want;
      }),
      { numRuns: 20_000 },
    );
  });

  it('of many stars is answered without backtracking over all of them', () => {
    // A backtracking matcher needs some 10^20 steps for this.
    expect(anyGlob([`${'a*'.repeat(60)}b`], '.')('a'.repeat(2000))).toBe(false);
  });
});

describe('match', () => {
  const decides = (match: unknown, given: Parameters<typeof question>[0]) =>
    !(evaluate(question(given), setOf({ spec: { match } })) instanceof Refusal);

  it.each([
    ['doors', { doors: ['istio'] }, { door: 'istio' }, { door: 'admin' }],
    ['clusters', { clusters: ['prod-*'] }, { cluster: 'prod-eu' }, { cluster: 'test-eu' }],
    ['trust domains', { trustDomains: ['*.example'] }, { trustDomain: 'a.example' }, { trustDomain: 'a.b.example' }],
    ['namespaces', { namespaces: ['pay', 'shop'] }, { namespace: 'shop' }, { namespace: 'shop2' }],
    ['service accounts', { serviceAccounts: ['w?b'] }, { serviceAccount: 'web' }, { serviceAccount: 'wb' }],
    ['authenticators', { authenticators: ['oidc'] }, { authenticator: 'oidc' }, { authenticator: 'client-cert' }],
  ] as const)('by %s is for those alone', (_, match, fits, other) => {
    expect(decides(match, fits)).toBe(true);
    expect(decides(match, other)).toBe(false);
  });

  it('by what the caller does not have is for nobody, not even with "*"', () => {
    expect(decides({ clusters: ['*'] }, {})).toBe(false);
  });

  it('needs all of its keys', () => {
    const match = { namespaces: ['shop'], clusters: ['prod'] };
    expect(decides(match, { cluster: 'prod' })).toBe(true);
    expect(decides(match, { cluster: 'prod', namespace: 'other' })).toBe(false);
  });

  it('takes the namespace from the identity, which is what the certificate will say', () => {
    const asked = question({ namespace: 'shop' });
    const claiming = { ...asked, caller: { ...asked.caller, namespace: 'vault', serviceAccount: 'root' } };
    expect(evaluate(claiming, setOf({ spec: { match: { namespaces: ['vault'] } } }))).toMatchObject({
      code: 'policy.no-match',
    });
  });

  it('takes the namespace from the credential where the identity has another form', () => {
    const identity = 'spiffe://cluster.local/vm/db-1';
    const set = setOf({ spec: { match: { namespaces: ['vms'] } } });
    expect(evaluate(question({ identity, namespace: 'vms' }), set)).toMatchObject({ identity });
  });
});

describe('identity patterns', () => {
  const set = setOf({ spec: { identity: { patterns: ['spiffe://*.example/ns/shop*/sa/*', 'spiffe://td/x'] } } });
  const code = (identity: string, trustDomain: string) => {
    const answer = evaluate(question({ identity, trustDomain }), set);
    return answer instanceof Refusal ? answer.code : 'allowed';
  };

  it.each([
    ['spiffe://a.example/ns/shop/sa/web', 'a.example', 'allowed'],
    ['spiffe://a.example/ns/shop-2/sa/my.web', 'a.example', 'allowed'],
    ['spiffe://td/x', 'td', 'allowed'],
    ['spiffe://a.b.example/ns/shop/sa/web', 'a.b.example', 'identity.pattern'],
    ['spiffe://a.example/ns/shop/x/sa/web', 'a.example', 'identity.pattern'],
    ['spiffe://a.example/ns/shop/sa/web/admin', 'a.example', 'identity.pattern'],
    ['spiffe://td/x/y', 'td', 'identity.pattern'],
  ])('%s in %s: %s', (identity, trustDomain, want) => expect(code(identity, trustDomain)).toBe(want));
});
