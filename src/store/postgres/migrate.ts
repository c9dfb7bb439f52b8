import { escapeIdentifier } from 'pg';
import { StoreError } from '../store-error.ts';
import { asInteger } from './columns.ts';
import { migrations } from './schema.ts';
import { Rejected, type Session } from './session.ts';

/** Number of the schema that this program works with. */
export const currentVersion = migrations.length;

/** Number of the schema as it is: 0 before the first migration. Rejects with StoreError `version` for one that is newer than `known`. */
export async function schemaVersion(session: Session, known: number = currentVersion): Promise<number> {
  const [there] = await session.query("SELECT to_regclass('migration') IS NOT NULL AS there");
  if (there?.there !== true) return 0;
  const [row] = await session.query('SELECT max(version) AS version FROM migration');
  const version = asInteger(row?.version ?? 0, 'the number of the schema');
  if (version > known) {
    throw new StoreError(
      'version',
      `the log's schema has number ${version}, this program knows ${known}: a newer Countersign has been here; use that one`,
    );
  }
  return version;
}

/** What would bring the schema up to date, as one would type it into psql; empty where it is. */
export function migrationSql(schema: string, from: number, steps: readonly string[] = migrations): string {
  if (from >= steps.length) return '';
  const name = escapeIdentifier(schema);
  const made =
    'CREATE TABLE IF NOT EXISTS migration (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());';
  const each = steps
    .slice(from)
    .map((step, at) => `${step}\nINSERT INTO migration (version) VALUES (${from + at + 1});`);
  return [
    'BEGIN;',
    ...(from === 0 ? [`CREATE SCHEMA IF NOT EXISTS ${name};`] : []),
    `SET LOCAL search_path = ${name};`,
    ...(from === 0 ? [made] : []),
    ...each,
    'COMMIT;',
  ].join('\n');
}

/**
 * Brings the schema up to date, all steps in one transaction; gives the number it had. Where nothing is to be done no right
 * to change tables is needed. Replicas that come at the same moment take turns.
 */
export async function migrate(
  session: Session,
  schema: string,
  steps: readonly string[] = migrations,
): Promise<number> {
  if ((await schemaVersion(session, steps.length)) === steps.length) return steps.length;
  // Of the session, since the transaction is in the text that an operator may run by hand. Held for a moment by others alone.
  await session.query("SELECT pg_advisory_lock(hashtext('countersign'), hashtext($1))", [schema]);
  try {
    const version = await schemaVersion(session, steps.length);
    const text = migrationSql(schema, version, steps);
    if (text !== '') await session.run(text);
    return version;
  } catch (thrown) {
    if (!(thrown instanceof Rejected)) throw thrown;
    await session.run('ROLLBACK');
    throw new StoreError(
      'version',
      `the log's schema is not of number ${steps.length}, and this role cannot bring it there (${thrown.message}): run "countersign store migrate" as one that can`,
      undefined,
      { cause: thrown },
    );
  } finally {
    await session.query("SELECT pg_advisory_unlock(hashtext('countersign'), hashtext($1))", [schema]).catch(() => {});
  }
}
