import type { ErrorObject } from 'ajv';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import type { Path, Source } from './source.ts';

/** What a validator found, in words that say what would be right. */
export function schemaProblems(source: Source, errors: readonly ErrorObject[]): Problem[] {
  return withoutBranches(errors)
    .map((error) => describe(source, error))
    .filter((problem, index, all) => all.findIndex((other) => sameProblem(problem, other)) === index);
}

function describe(source: Source, error: ErrorObject): Problem {
  const path = pathOf(source.content, error.instancePath);
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const known = Object.keys(recordOf(recordOf(error.parentSchema).properties));
      const suggestion = nearest(key, known);
      const message = `there is no "${key}" here${suggestion === undefined ? `; known: ${known.join(', ')}` : ''}`;
      return source.problem([...path, key], message, { at: 'key', suggestion });
    }
    case 'required':
      return source.problem(path, `"${String(params.missingProperty)}" is missing`, { at: 'key' });
    case 'enum':
    case 'const': {
      const choices = choicesOf(error.parentSchema);
      const suggestion = typeof error.data === 'string' ? nearest(error.data, choices) : undefined;
      return source.problem(path, `${shown(error.data)} is not ${oneOf(choices)}`, { suggestion });
    }
    case 'type':
      return source.problem(path, `${shown(error.data)} is not ${expected(error.parentSchema)}`);
    case 'pattern':
    case 'format':
      return source.problem(path, `${shown(error.data)} is not ${expected(error.parentSchema)}`);
    case 'anyOf': {
      const branches: unknown = recordOf(error.parentSchema).anyOf;
      const choices = (Array.isArray(branches) ? branches : []).map(expected);
      return source.problem(path, `${shown(error.data)} is neither ${choices.join(' nor ')}`);
    }
    case 'minItems':
      return source.problem(path, `the list needs at least ${String(params.limit)} item(s)`);
    case 'maxItems':
      return source.problem(path, `the list may hold at most ${String(params.limit)} items`);
    case 'uniqueItems':
      return source.problem([...path, Number(params.i)], 'this item stands in the list twice');
    default:
      return source.problem(path, `${shown(error.data)} ${error.message ?? 'is not right here'}`);
  }
}

/**
 * An `anyOf` that failed brings the errors of every branch. If exactly one branch has the right shape (no wrong type
 * at its own level, no wrong constant just below), its errors are the ones to show; else the summary is.
 */
function withoutBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  // A validator reports a union after its branches: the last one is the outermost.
  const union = errors.findLast((error) => error.keyword === 'anyOf');
  if (union === undefined) return errors;
  const prefix = `${union.schemaPath}/`;
  const inside = (error: ErrorObject) =>
    error.schemaPath.startsWith(prefix) && error.instancePath.startsWith(union.instancePath);
  const branches = Map.groupBy(errors.filter(inside), (error) =>
    error.schemaPath.slice(prefix.length).replace(/\/.*$/s, ''),
  );
  const near = [...branches.values()].filter((branch) => !branch.some((error) => wrongBranch(error, union)));
  const [only] = near;
  const rest = withoutBranches(errors.filter((error) => error !== union && !inside(error)));
  return [...rest, ...(near.length === 1 && only !== undefined ? withoutBranches(only) : [union])];
}

function wrongBranch(error: ErrorObject, union: ErrorObject): boolean {
  const depth = error.instancePath.slice(union.instancePath.length).split('/').length - 1;
  if (depth === 0) return ['type', 'enum', 'const', 'pattern'].includes(error.keyword);
  return depth === 1 && error.keyword === 'const';
}

const sameProblem = (a: Problem, b: Problem) => a.path === b.path && a.message === b.message && a.line === b.line;

/** What a schema takes, for people: its description, its words, or its type; with an example if it has one. */
function expected(schema: unknown): string {
  const { description, examples, type } = recordOf(schema);
  const example = Array.isArray(examples) ? `, such as ${examples.slice(0, 3).map(shown).join(' or ')}` : '';
  if (typeof description === 'string') return `${description}${example}`;
  const choices = choicesOf(schema);
  if (choices.length > 0) return oneOf(choices);
  return `${typeNames[String(type)] ?? `a ${String(type)}`}${example}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  null: 'empty',
};

function choicesOf(schema: unknown): string[] {
  const { enum: words, const: word } = recordOf(schema);
  if (Array.isArray(words)) return words.map(String);
  return word === undefined ? [] : [String(word)];
}

const oneOf = (choices: readonly string[]) =>
  choices.length === 1 ? `"${choices[0]}"` : `one of: ${choices.join(', ')}`;

/** A value as the file has it, cut to what fits on a line. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** A JSON pointer (RFC 6901) as a path; a step into a list becomes a number. */
function pathOf(content: unknown, pointer: string): Path {
  let value = content;
  return pointer
    .split('/')
    .slice(1)
    .map((raw) => {
      const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
      const key = Array.isArray(value) ? Number(step) : step;
      value = recordOf(value)[step];
      return key;
    });
}
