import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#audit/canonical.ts';
import type { Json } from '#audit/event.ts';

describe('canonical JSON (RFC 8785)', () => {
  const valid: readonly (readonly [name: string, value: Json, expected: string])[] = [
    [
      'members in order of UTF-16 code units',
      { b: 1, a: 2, '\u20ac': 3, '\ud83d\ude00': 4, '\ufb33': 5, '10': 6, '9': 7 },
      '{"10":6,"9":7,"a":2,"b":1,"\u20ac":3,"\ud83d\ude00":4,"\ufb33":5}',
    ],
    ['nested disorder', { a: [{ d: true, c: false }] }, '{"a":[{"c":false,"d":true}]}'],
    ['undefined members left out', { b: undefined, a: { c: undefined } }, '{"a":{}}'],
    ['short and long escapes', '\u0000\b\t\n\f\r"\\/\u007f\u2028', '"\\u0000\\b\\t\\n\\f\\r\\"\\\\/\u007f\u2028"'],
    ['integers', [0, -0, -1, 9_007_199_254_740_991], '[0,0,-1,9007199254740991]'],
  ];
  it.each(valid)('%s', (_, value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });

  const invalid: readonly (readonly [name: string, value: unknown])[] = [
    ['null', { a: null }],
    ['a fraction', [0.5]],
    ['an integer past 2^53', 9_007_199_254_740_992],
    ['not a number', Number.NaN],
    ['a lone surrogate', 'x\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['an undefined element', [undefined]],
    ['octets', Uint8Array.of(1)],
    ['a date', { time: new Date(0) }],
    ['a function', { toJSON: () => 'x' }],
    ['a bigint', 1n],
  ];
  it.each(invalid)('refuses %s', (_, value) => {
    expect(() => canonicalJson(value as Json)).toThrow(TypeError);
  });

  it('is one text for one value, however its members were put in', () => {
    fc.assert(
      fc.property(json(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });
});

function json(): fc.Arbitrary<Json> {
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger().filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  return value;
}

function reversed(value: Json): Json {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .flatMap(([name, member]) => (member === undefined ? [] : [[name, reversed(member)]])),
  );
}
