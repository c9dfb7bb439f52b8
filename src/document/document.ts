import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Static, TSchema } from 'typebox';
import type { TextFile } from './files.ts';
import { DocumentError, type Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import { openSource, type Path } from './source.ts';

/** A YAML file that has the shape its schema asks for. */
export interface Document<Content> {
  readonly file: string;
  /** As it was read. */
  readonly text: string;
  readonly content: Content;
  /** A problem that only meaning shows, at the line of the value under `path` (`at: 'key'`: of its key). */
  problem(path: Path, message: string, extra?: { at?: 'key' | 'value'; suggestion?: string | undefined }): Problem;
}

/**
 * Reads one YAML document and holds it against a schema. `file` is only its name in messages. Throws DocumentError
 * with every problem found: line, column, path, and what would be right.
 */
export function openDocument<Schema extends TSchema>(
  text: string,
  file: string,
  schema: Schema,
): Document<Static<Schema>> {
  const source = openSource(text, file);
  const { content } = source;
  if (content === null || content === undefined) throw new DocumentError([source.problem([], 'the file is empty')]);
  if (!conforms(schema, content)) throw new DocumentError(schemaProblems(source, validatorOf(schema).errors ?? []));
  return { file, text, content, problem: source.problem };
}

/** Several of one schema. Every text is read even when the first is broken: whoever mends them wants to see all of it. */
export function openDocuments<Schema extends TSchema>(
  sources: readonly TextFile[],
  schema: Schema,
): { readonly documents: Document<Static<Schema>>[]; readonly problems: Problem[] } {
  const documents: Document<Static<Schema>>[] = [];
  const problems: Problem[] = [];
  for (const { file, text } of sources) {
    try {
      documents.push(openDocument(text, file, schema));
    } catch (thrown) {
      if (!(thrown instanceof DocumentError)) throw thrown;
      problems.push(...thrown.problems);
    }
  }
  return { documents, problems };
}

/** The content alone, for documents without checks beyond their schema. Throws DocumentError. */
export function readDocument<Schema extends TSchema>(text: string, file: string, schema: Schema): Static<Schema> {
  return openDocument(text, file, schema).content;
}

// At every start: what would be optimised runs once, and whether the schemas are schemas is for a test to say.
const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  verbose: true,
  validateSchema: false,
  code: { optimize: false },
});
const validators = new WeakMap<TSchema, ValidateFunction>();

function validatorOf(schema: TSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const compiled = ajv.compile(schema);
  validators.set(schema, compiled);
  return compiled;
}

function conforms<Schema extends TSchema>(schema: Schema, content: unknown): content is Static<Schema> {
  return validatorOf(schema)(content);
}
