import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceAccountMapping, templateMapping } from '#authn/oidc/identity-mapping.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';

const trustDomain = parseTrustDomain('cluster.local');

describe('a template for identities', () => {
  const template = 'spiffe://{trustDomain}/ns/{team}/sa/{service}';

  it('is filled with claims', () => {
    const map = templateMapping(template, trustDomain);
    expect(map({ team: 'a', service: 'b.c' })).toEqual({ identity: 'spiffe://cluster.local/ns/a/sa/b.c' });
    expect(templateMapping('spiffe://cluster.local/user/{sub}', trustDomain)({ sub: 'x' }).identity).toMatch(
      /user\/x$/,
    );
  });

  const bad: readonly (readonly [string, unknown])[] = [
    ['a slash', 'a/sa/admin'],
    ['a percent sign', 'a%2fb'],
    ['dots', '..'],
    ['nothing', ''],
    ['a number', 4],
    ['null', null],
    ['another template', '{service}'],
    ['a replacement pattern', '$&'],
    ['a NUL', 'a\u0000'],
    ['300 letters', 'a'.repeat(300)],
  ];
  it.each(bad)('refuses a claim with %s', (_, team) => {
    expect(() => templateMapping(template, trustDomain)({ team, service: 'b' })).toThrow(Refusal);
  });

  it('takes own claims only', () => {
    const map = templateMapping('spiffe://{trustDomain}/{constructor}', trustDomain);
    expect(() => map({})).toThrow(Refusal);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['of another trust domain', 'spiffe://other/ns/{a}/sa/{b}'],
    ['with a claim for its trust domain', 'spiffe://{a}/ns/{a}/sa/{b}'],
    ['without a claim', 'spiffe://{trustDomain}/ns/a/sa/b'],
    ['with a trailing slash', 'spiffe://{trustDomain}/{a}/'],
    ['with an open brace', 'spiffe://{trustDomain}/{a}/{b'],
    ['without a scheme', '{trustDomain}/{a}'],
  ];
  it.each(broken)('cannot be made %s', (_, text) => {
    expect(() => templateMapping(text, trustDomain)).toThrow(Error);
  });
});

describe('a Kubernetes subject', () => {
  it('never gives an identity with more segments than its own', () => {
    const map = serviceAccountMapping(trustDomain);
    const part = fc.oneof(fc.string(), fc.constantFrom('web', 'a/b', '..', '', 'a:b', '%2f'));
    fc.assert(
      fc.property(part, part, (namespace, account) => {
        const sub = `system:serviceaccount:${namespace}:${account}`;
        try {
          const { identity } = map({ sub });
          expect(identity).toBe(`spiffe://cluster.local/ns/${namespace}/sa/${account}`);
          expect(identity.split('/')).toHaveLength(7);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Refusal);
        }
      }),
    );
    expect(map({ sub: 'system:serviceaccount:demo:web' }).identity).toBe('spiffe://cluster.local/ns/demo/sa/web');
  });
});
