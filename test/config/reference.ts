import type { TSchema } from 'typebox';

interface Row {
  readonly key: string;
  readonly value: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The tables of docs/configuration.md: one per key at the top of the file, one row per key below it. */
export function configReference(schema: TSchema): string {
  const { properties, required } = objectOf(schema);
  const single: Row[] = [];
  const sections: string[] = [];
  for (const [name, field] of Object.entries(properties)) {
    const rows = rowsOf(name, field, required.has(name));
    if (rows.length === 1) single.push(...rows);
    else sections.push(`## ${name}\n\n${titleOf(field)}.${left(field, required.has(name))}\n\n${table(rows.slice(1))}`);
  }
  return [`## At the top\n\n${table(single)}`, ...sections].join('\n\n');
}

/** A field, and below it those that it holds. */
function rowsOf(key: string, field: unknown, isRequired: boolean): Row[] {
  const { items, default: fallback } = record(field);
  const row: Row = {
    key,
    value: takes(field),
    fallback: fallback === undefined ? (isRequired ? '**required**' : '') : asCode(fallback),
    meaning: titleOf(field),
  };
  if (items !== undefined && 'properties' in record(items)) return [row, ...below(`${key}[]`, items)];
  return [row, ...below(key, field)];
}

function below(key: string, field: unknown): Row[] {
  const { properties, required } = objectOf(field);
  return Object.entries(properties).flatMap(([name, child]) => rowsOf(`${key}.${name}`, child, required.has(name)));
}

function takes(field: unknown): string {
  const { type, description, enum: words, const: word, items, minimum, maximum } = record(field);
  if (word !== undefined) return asCode(word);
  if (Array.isArray(words)) return words.map(asCode).join(', ');
  if (typeof description === 'string') return description.replace(/^an? /, '').replace(/[:,].*$/, '');
  if (type === 'array') return 'properties' in record(items) ? 'list' : `list of ${takes(items)}`;
  if (type === 'object') return '';
  if (type === 'boolean') return '`true`, `false`';
  return `${type === 'integer' ? 'whole number' : 'number'}, ${String(minimum)} to ${String(maximum)}`;
}

function left(field: unknown, isRequired: boolean): string {
  if (record(field).default !== undefined) return ' May be left out.';
  return isRequired ? ' Required.' : ' Optional.';
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, value, fallback, meaning }) => [`\`${key}\``, value, fallback, meaning].map(cell));
  return [['Key', 'Value', 'Default', 'Meaning'], ['---', '---', '---', '---'], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

const cell = (text: string) => text.replaceAll('|', '\\|');

/** A value as the tables show it. */
export function asCode(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '`[]`' : value.map(asCode).join(', ');
  if (typeof value === 'object') return '';
  return `\`${String(value)}\``;
}

function titleOf(field: unknown): string {
  const { title } = record(field);
  if (typeof title !== 'string') throw new Error(`a field without a title: ${JSON.stringify(field)}`);
  return title;
}

function objectOf(field: unknown) {
  const { properties, required } = record(field);
  return { properties: record(properties), required: new Set(Array.isArray(required) ? required.map(String) : []) };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
