import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bearerToken, isCompact } from '#authn/oidc/bearer.ts';

describe('the bearer token of a call', () => {
  const none: readonly (readonly [string, readonly string[]])[] = [
    ['no value', []],
    ['lower case', ['bearer x']],
    ['no space', ['Bearer']],
    ['no space before the token', ['Bearerx']],
    ['a tab', ['Bearer\tx']],
    ['the old prefix', ['Istio x']],
    ['another scheme', ['Basic x']],
    ['a space before', [' Bearer x']],
    ['a Bearer inside', ['Basic Bearer x']],
  ];
  it.each(none)('Istio 27, 28: %s is no token', (_, values) => {
    expect(bearerToken(values)).toBeUndefined();
  });

  it('Istio 29: is that of the first value that has one', () => {
    expect(bearerToken(['Basic a', 'Bearer b', 'Bearer c'])).toBe('b');
  });

  it('is everything after the one space', () => {
    expect(bearerToken(['Bearer  x '])).toBe(' x ');
    expect(bearerToken(['Bearer '])).toBe('');
  });

  it('Istio 28: comes of no value without the exact prefix', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (values) => {
        const token = bearerToken(values);
        const first = values.find((value) => value.slice(0, 7) === 'Bearer ');
        expect(token).toBe(first?.slice(7));
      }),
    );
  });
});

describe('the compact form', () => {
  it('allows a signature one spelling only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), (signature) => {
        const canonical = Buffer.from(signature).toString('base64url');
        const last = canonical.at(-1) ?? '';
        const same = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter((letter) =>
          Buffer.from(canonical.slice(0, -1) + letter, 'base64url').equals(Buffer.from(signature)),
        );
        expect(same.filter((letter) => isCompact(`a.b.${canonical.slice(0, -1)}${letter}`))).toEqual([last]);
      }),
    );
  });
});
