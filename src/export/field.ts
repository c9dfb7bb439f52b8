import type { Json } from '#audit/event.ts';
import type { Exported } from './format.ts';
import { isObject, memberAt } from './member.ts';

/** A field of a format: its name there, what it holds in words for the documents, and how it comes from a record. */
export interface Field {
  readonly to: string;
  readonly from: string;
  of(record: Exported): Json | undefined;
}

/** A field that holds what the record has at a path, or at the first of several. `as` gives it the format's own shape. */
export function copied(
  to: string,
  paths: string | readonly string[],
  as: (value: Json) => Json | undefined = same,
): Field {
  const all = typeof paths === 'string' ? [paths] : paths;
  const ways = all.map((path) => path.split('.'));
  return {
    to,
    from: all.map((path) => `\`${path}\``).join(', else '),
    of({ entry }) {
      for (const way of ways) {
        const found = memberAt(entry, way);
        if (found !== undefined) return as(found);
      }
      return undefined;
    },
  };
}

const same = (value: Json): Json => value;

/** A field that has to be made; `from` says in words of what. */
export const made = (to: string, from: string, of: Field['of']): Field => ({ to, from, of });

export const fixed = (to: string, value: string | number): Field => ({
  to,
  from: `always ${JSON.stringify(value)}`,
  of: () => value,
});

type Growing = { [name: string]: Json | undefined };

/** A record as an object: a dot in a field's name leads into an object. Fields without a value are left out. */
export function mapping(fields: readonly Field[]): (record: Exported) => Json {
  const ways = fields.map((field) => ({ field, path: field.to.split('.') }));
  return (record) => {
    const whole: Growing = {};
    for (const { field, path } of ways) {
      const value = field.of(record);
      if (value !== undefined) put(whole, path, value);
    }
    return whole;
  };
}

function put(whole: Growing, path: readonly string[], value: Json): void {
  let at = whole;
  for (const name of path.slice(0, -1)) {
    const known = at[name];
    // Made below, by this very function.
    const next: Growing = isObject(known) ? (known as Growing) : {};
    at[name] = next;
    at = next;
  }
  at[path.at(-1) ?? ''] = value;
}
