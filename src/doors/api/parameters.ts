import type { Static, TObject, TProperties, TSchema } from 'typebox';
import * as Value from 'typebox/value';
import { Refusal } from '#refusal/refusal.ts';

/** What a request was given: of the path and of the query, by name. */
export type Words = ReadonlyMap<string, string>;

/** Characters of one value. */
const longestValue = 1_024;

/** Texts and numbers as they go into the record. */
export type Given = Readonly<Record<string, string | number | boolean>>;

/**
 * Parameters as their schema has them: nothing unknown, nothing twice, each of its form, whose words are the schema's
 * `description`. Throws Refusal `request.malformed` with the name and never the value.
 */
export function readParameters<P extends TProperties>(schema: TObject<P>, words: Words): Static<TObject<P>> {
  const known = Object.keys(schema.properties);
  for (const name of words.keys())
    if (!known.includes(name)) malformed(`there is no parameter ${quoted(name)} here; ${takes(known)}`);
  const given = Object.fromEntries([...words].map(([name, text]) => [name, typed(name, text, schema)]));
  if (Value.Check(schema, given)) return given;
  return malformed(firstProblem(schema, given));
}

/** The query of a URL, without its `?`. Throws Refusal `request.malformed`. */
export function readQuery(query: string): Map<string, string> {
  const words = new Map<string, string>();
  if (query === '') return words;
  for (const [name, value] of new URLSearchParams(query)) {
    if (words.has(name)) malformed(`${quoted(name)} is given twice`);
    words.set(name, value);
  }
  return words;
}

function typed(name: string, text: string, { properties }: TObject): string | number | boolean {
  demandHarmless(name, text);
  const type = typeOf(properties[name]);
  if (type === 'integer') return /^\d{1,16}$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  return text;
}

/** What ends up in the record: no control characters, nothing that was no UTF-8, no token that somebody took for its id. */
function demandHarmless(name: string, text: string): void {
  if (text.length > longestValue) malformed(`${name}: it has at most ${longestValue} characters`);
  if (/[\p{Cc}\uFFFD]/u.test(text)) malformed(`${name}: it is no plain text in UTF-8`);
  if (/eyJ[\w-]+\.[\w-]+\.[\w-]*/.test(text)) malformed(`${name}: a token never belongs into an address`);
}

function firstProblem(schema: TObject, given: Given): string {
  const missing = (schema.required ?? []).find((name) => !Object.hasOwn(given, name));
  if (missing !== undefined) return `${missing} is missing: give ${formOf(schema.properties[missing])}`;
  const wrong = Object.keys(given).find((name) => {
    const property = schema.properties[name];
    return property !== undefined && !Value.Check(property, given[name]);
  });
  return wrong === undefined
    ? 'the parameters do not go together'
    : `${wrong}: give ${formOf(schema.properties[wrong])}`;
}

const formOf = (schema: TSchema | undefined): string => textOf(schema, 'description') ?? 'another value';
const typeOf = (schema: TSchema | undefined) => textOf(schema, 'type');

function textOf(schema: TSchema | undefined, member: string): string | undefined {
  const found: unknown = Object.entries(schema ?? {}).find(([name]) => name === member)?.[1];
  return typeof found === 'string' ? found : undefined;
}

const takes = (known: readonly string[]) => (known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`);

/** A stranger's text, for a message: cut, and of the characters that names have. */
const quoted = (name: string) => `"${name.slice(0, 40).replace(/[^\w.-]/g, '?')}"`;

function malformed(sentence: string): never {
  throw new Refusal('request.malformed', sentence);
}
