import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlagError, parseFlags } from '#cli/istio-csr/flags/parse.ts';
import { allFlags } from '#cli/istio-csr/flags/table.ts';

const name = fc.constantFrom(...Object.keys(allFlags).map((flag) => `--${flag}`), '-v', '-d', '-e', '-t', '-c', '--');
const piece = fc.constantFrom(
  '',
  '=',
  '1',
  'true',
  'a,b',
  'a="',
  '"',
  '1h',
  '-',
  '=false',
  'x=y',
  '0x',
  '_',
  'é',
  '\n',
);
const word = fc.oneof(
  fc.string(),
  fc.constantFrom('--constructor', '--__proto__=x', '--toString'),
  name,
  fc.tuple(name, piece, piece).map((parts) => parts.join('')),
);

describe('any line', () => {
  it('is read, or refused with a reason for every word that is wrong', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          const { values, given } = parseFlags(allFlags, words);
          expect(Object.keys(values)).toEqual(Object.keys(allFlags));
          for (const flag of given) expect(Object.keys(allFlags)).toContain(flag);
        } catch (thrown) {
          if (!(thrown instanceof FlagError)) throw thrown;
          expect(thrown.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that gives every flag its default changes nothing', () => {
    const plain = parseFlags(allFlags, []).values;
    const words = Object.entries(allFlags).flatMap(([flag, { shown, reader }]) =>
      reader.name === 'texts' ? [] : [`--${flag}=${shown}`],
    );
    expect(parseFlags(allFlags, words).values).toEqual(plain);
  });
});
