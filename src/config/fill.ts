import type { Static, TSchema } from 'typebox';
import * as Value from 'typebox/value';

/**
 * The same schema as people may write it: whatever has a default may be left out. The full schema keeps those fields
 * required, so that its static type has no holes once `fill` has run.
 */
export function asWritten(schema: TSchema): TSchema {
  const relaxed: unknown = relax(schema);
  if (!isRecord(relaxed)) throw new TypeError('a schema is an object');
  return relaxed;
}

/** What was written, with every default in its place. `content` must conform to `asWritten(schema)`. */
export function fill<Schema extends TSchema>(schema: Schema, content: unknown): Static<Schema> {
  const filled = Value.Default(schema, structuredClone(content));
  if (!Value.Check(schema, filled)) {
    const [first] = Value.Errors(schema, filled);
    throw new TypeError(`a default does not fit its schema at ${first?.instancePath}: ${first?.message}`);
  }
  return filled;
}

function relax(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relax);
  if (!isRecord(node)) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, relax(value)]));
  const { required, properties } = copy;
  if (Array.isArray(required) && isRecord(properties)) {
    copy.required = required.filter((key) => {
      const property = properties[String(key)];
      return !(isRecord(property) && 'default' in property);
    });
  }
  return copy;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
