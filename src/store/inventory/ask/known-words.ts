import type { DatabaseSync } from 'node:sqlite';

/** Most words that a beginning may stand for and still lead to rows by their index. */
const maxWords = 2_000;

/** The number of a word; nothing where no record has it. */
export function idOf(database: DatabaseSync, word: string): number[] {
  return numbers(database.prepare('SELECT id FROM word WHERE text = ?').all(word));
}

/** `key.weak` itself and `key.weak.roca`, but not `key.weakness`. */
export function idsUnder(database: DatabaseSync, start: string): number[] {
  const stem = start.replace(/\.$/, '');
  const below = database.prepare('SELECT id FROM word WHERE text >= ? AND text < ?');
  // The character after a full stop is the stroke.
  return [...idOf(database, stem), ...numbers(below.all(`${stem}.`, `${stem}/`))];
}

/** Words between `from` and `to` are those that begin so; `ids` is left out where they are more than 2,000. */
export function idsBeginning(
  database: DatabaseSync,
  start: string,
): { readonly ids: readonly number[] | undefined; readonly from: string; readonly to: string } {
  // No text sorts above one that goes on with U+10FFFF, so this range is exactly what begins with the prefix.
  const to = `${start}\u{10ffff}`;
  const statement = database.prepare('SELECT id FROM word WHERE text >= ? AND text < ? LIMIT ?');
  const ids = numbers(statement.all(start, to, maxWords + 1));
  return { ids: ids.length > maxWords ? undefined : ids, from: start, to };
}

export function wordOf(database: DatabaseSync, id: unknown): string | undefined {
  if (typeof id !== 'number' || id === 0) return undefined;
  const text = database.prepare('SELECT text FROM word WHERE id = ?').get(id)?.text;
  return typeof text === 'string' ? text : undefined;
}

function numbers(rows: readonly Readonly<Record<string, unknown>>[]): number[] {
  return rows.map(({ id }) => id).filter((id) => typeof id === 'number');
}
