import fc from 'fast-check';
import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { openDocument, readDocument } from '#document/document.ts';
import { DocumentError } from '#document/problem.ts';
import { Duration, OneOf } from '#document/scalars.ts';

const strict = { additionalProperties: false };
const Garden = Type.Object(
  {
    name: Type.String(),
    rows: Type.Optional(Type.Integer()),
    water: Type.Optional(Duration),
    soil: Type.Optional(OneOf('clay', 'sand', 'loam')),
    beds: Type.Optional(
      Type.Array(Type.Object({ plant: Type.String(), deep: Type.Optional(Type.Boolean()) }, strict), { maxItems: 2 }),
    ),
    keeper: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('person'), phone: Type.String() }, strict),
        Type.Object({ kind: Type.Literal('firm'), number: Type.Integer() }, strict),
      ]),
    ),
    size: Type.Optional(Type.Union([Type.Literal('any'), Duration])),
  },
  strict,
);

function refusalOf(text: string): string {
  try {
    readDocument(text, 'garden.yaml', Garden);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  return 'accepted';
}

const invalid: readonly [why: string, text: string, message: string][] = [
  ['a mistyped key', 'name: a\nraws: 1', '2:1: raws: there is no "raws" here (did you mean "rows"?)'],
  [
    'a key like no other',
    'name: a\nxylophone: 1',
    '2:1: xylophone: there is no "xylophone" here; known: name, rows, water, soil, beds, keeper, size',
  ],
  ['a missing key', 'rows: 1', '1:1: "name" is missing'],
  ['a wrong type', 'name: a\nrows: many', '2:7: rows: "many" is not a whole number'],
  ['a list for a text', 'name: [a]', '1:7: name: a list is not a text'],
  ['an empty value', 'name:', '1:6: name: an empty value is not a text'],
  [
    'a wrong form, with an example of the right one',
    'name: a\nwater: 1 hour',
    '2:8: water: "1 hour" is not a length of time: a whole number and one of s, m, h, d, such as "90s" or "10m" or "1h"',
  ],
  [
    'a word outside a list',
    'name: a\nsoil: laom',
    '2:7: soil: "laom" is not one of: clay, sand, loam (did you mean "loam"?)',
  ],
  ['a fault deep in a list', 'name: a\nbeds:\n  - plant: x\n  - plnt: y', '4:5: beds[1]: "plant" is missing'],
  ['a list that is too long', 'name: a\nbeds: [{plant: a}, {plant: b}, {plant: c}]', 'may hold at most 2 items'],
  [
    'a fault inside the branch that was meant',
    'name: a\nkeeper: { kind: firm, number: x }',
    '2:31: keeper.number: "x" is not a whole number',
  ],
  ['a union that fits no branch', 'name: a\nsize: huge', '2:7: size: "huge" is neither "any" nor a length of time'],
  ['a duplicate key', 'name: a\nname: b', '2:1: this key is already given above'],
  ['a second document', 'name: a\n---\nname: b', '2:1: a second document begins here'],
  ['an alias', 'name: &a x\nsoil: *a', '2:7: aliases are not used here'],
  ['an unknown tag', 'name: !secret x', '1:7: tags are not used here'],
  ['a key that is no word', 'name: a\n? [x, y]\n: b', '2:3: a key must be a plain word'],
  ['broken YAML', 'name: "a', '1:9: Missing closing "quote'],
  ['an empty file', '# nothing\n', 'the file is empty'],
  ['a list where a mapping belongs', '- a', '1:1: a list is not a mapping (key: value)'],
  ['nesting without end', `name: ${'['.repeat(200_000)}`, 'nested too deeply'],
  ['a file past any reason', `name: ${'a'.repeat(1_100_000)}`, 'larger than 1 MiB'],
];

/** A PIN whose quotes somebody forgot, in each way that YAML takes for something else. */
const unquoted = [
  '*1234',
  '!1234',
  '&1234 *1234',
  '|1234',
  '>x1234',
  '"\\1234"',
  '@1234',
  '`1234',
  '%1234',
  '{1234',
  '[1234',
];

describe('a YAML document', () => {
  it.each(unquoted)('that holds the secret %s without its quotes is refused without repeating it', (secret) => {
    const refusal = refusalOf(`name: ${secret}`);
    expect(refusal).not.toBe('');
    expect(refusal).not.toContain('1234');
  });

  it.each(invalid)('is refused for %s, with line, column and what would be right', (_, text, message) => {
    expect(refusalOf(text)).toContain(message);
  });

  it('reports everything that is wrong at once', () => {
    const all = refusalOf('raws: 1\nsoil: x\nwater: 5');
    expect(all.split('\n')).toHaveLength(4);
  });

  it('reads words that YAML 1.1 would bend as they stand', () => {
    expect(readDocument('name: no\nrows: 010', 'g.yaml', Garden)).toEqual({ name: 'no', rows: 10 });
  });

  it('does not merge "<<"', () => {
    expect(refusalOf('name: a\n<<: { rows: 1 }')).toContain('there is no "<<" here');
  });

  it('leads any path back to its line, for checks of meaning', () => {
    const { problem } = openDocument('name: a\nbeds:\n  - plant: x\n    deep: true\n', 'g.yaml', Garden);
    expect(problem(['beds', 0, 'deep'], 'too deep')).toEqual({
      file: 'g.yaml',
      line: 4,
      column: 11,
      path: 'beds[0].deep',
      message: 'too deep',
    });
    expect(problem(['beds', 0, 'deep'], 'why', { at: 'key' })).toMatchObject({ line: 4, column: 5 });
    expect(problem(['beds', 7, 'deep'], 'gone')).toMatchObject({ line: 3, column: 3 });
  });
});

describe('any text at all', () => {
  const tokens = [
    'name',
    ':',
    ' ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
    '&a',
    '*a',
    '!t',
    '|',
    '>',
    '#',
    '?',
    '---',
    '<<',
    '\t',
    '\0',
    'é',
    '1',
    'beds',
    'plant',
  ];
  const nearYaml = fc.array(fc.constantFrom(...tokens), { maxLength: 30 }).map((parts) => parts.join(''));

  it('is read or refused with a line and a column inside the file, never with another error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearYaml,
          nearYaml.map((rest) => `name: a\n${rest}`),
          fc.string(),
        ),
        (text) => {
          try {
            readDocument(text, 'g.yaml', Garden);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(DocumentError);
            const lines = text.split('\n').length;
            for (const { line, column } of thrown instanceof DocumentError ? thrown.problems : []) {
              expect(line).toBeGreaterThanOrEqual(1);
              expect(line).toBeLessThanOrEqual(lines);
              expect(column).toBeGreaterThanOrEqual(1);
            }
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
