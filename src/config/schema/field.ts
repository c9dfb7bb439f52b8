import Type, { type TObject, type TProperties, type TSchema } from 'typebox';
import { ByteSize, Duration } from '#document/scalars.ts';

/**
 * Building blocks of the configuration schema. `title` is the sentence that docs/configuration.md shows; `description`
 * says what form a value has and is used in messages. A field with a `default` may be left out of the file; the
 * schema still lists it as required, because after defaults are filled in it is there (see fill.ts).
 */
export interface FieldOptions<Value> {
  readonly default?: Value;
}

/** Options for a schema: an absent default stays absent, so that "no default" and "default undefined" differ. */
const annotations = (title: string, options: FieldOptions<unknown>) =>
  options.default === undefined ? { title } : { title, default: options.default };

export const text = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({ pattern: '\\S', description: 'a text', ...annotations(title, options) });

/** A name that ends up in metrics, records and messages. */
export const shortName = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({
    pattern: '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$',
    description: 'a short name: 1 to 40 of a-z, 0-9 and "-", no "-" at either end',
    examples: ['mesh'],
    ...annotations(title, options),
  });

/** A path; a relative one counts from the folder of the configuration file. */
export const path = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({ pattern: '^[^\\u0000]+$', description: 'a path', ...annotations(title, options) });

export const duration = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({ ...Duration, ...annotations(title, options) });

export const byteSize = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({ ...ByteSize, ...annotations(title, options) });

export const address = (title: string, options: FieldOptions<string> = {}) =>
  Type.String({
    pattern: '^(\\[[0-9a-fA-F:.]+\\]|[0-9A-Za-z.-]+):[0-9]{1,5}$',
    description: 'an address to listen on, host:port',
    examples: ['127.0.0.1:15012', '[::]:15012'],
    ...annotations(title, options),
  });

export const count = (
  title: string,
  bounds: { minimum: number; maximum: number },
  options: FieldOptions<number> = {},
) => Type.Integer({ ...bounds, ...annotations(title, options) });

export const share = (
  title: string,
  bounds: { minimum: number; maximum: number },
  options: FieldOptions<number> = {},
) => Type.Number({ ...bounds, ...annotations(title, options) });

export const flag = (title: string, options: FieldOptions<boolean> = {}) => Type.Boolean(annotations(title, options));

export const oneOf = <Word extends string>(
  title: string,
  words: readonly Word[],
  options: FieldOptions<NoInfer<Word>> = {},
) => Type.Enum<Word[]>([...words], annotations(title, options));

/** A list without repetitions. */
export const list = <Item extends TSchema>(
  title: string,
  item: Item,
  options: FieldOptions<readonly unknown[]> & { minItems?: number } = {},
) =>
  Type.Array(item, {
    uniqueItems: true,
    maxItems: 100,
    ...(options.minItems === undefined ? {} : { minItems: options.minItems }),
    ...annotations(title, options),
  });

export const section = <Fields extends TProperties>(title: string, fields: Fields): TObject<Fields> =>
  Type.Object(fields, { title, additionalProperties: false });

/** A section that may be left out as a whole, since each of its fields may. */
export const optionalSection = <Fields extends TProperties>(title: string, fields: Fields): TObject<Fields> =>
  Type.Object(fields, { title, additionalProperties: false, default: {} });

/** Left out means "not there", not some default. */
export const optional = Type.Optional;

/** A secret is never written into this file, only where it is. */
export const secret = (title: string) =>
  section(title, {
    file: optional(path('A file that holds the secret; one newline at its end is not part of it')),
    env: optional(text('Name of the environment variable that holds the secret')),
  });
