import { verifyTree, type WholeStore } from '../check.ts';
import { demandNoStray, demandNoStrayValue, demandTileRows } from '../check-rows.ts';
import { holdAgainstPublished, type WholeLog } from '../hold-published.ts';
import { StoreError } from '../store-error.ts';
import { asInteger } from './columns.ts';
import { schemaVersion } from './migrate.ts';
import { asStoreError } from './open-error.ts';
import { type Dial, PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import { withDisclosures } from './schema.ts';
import type { PostgresSettings } from './settings.ts';

/**
 * The whole log in PostgreSQL, every entry, every hash and every row, and against what is published of it; gives its head.
 * Rejects with StoreError and the index of the first entry that does not fit. Works beside running servers.
 */
export async function verifyPostgres(
  settings: PostgresSettings,
  onProgress: (checked: number, size: number) => void = () => {},
  published?: WholeLog,
): Promise<WholeStore> {
  const sessions = new Redial(settings);
  try {
    const tree = new PostgresTree(sessions.dial);
    const head = await verifyTree(tree, onProgress);
    const origin = await checkRows(sessions.dial);
    if (published !== undefined) await holdAgainstPublished(tree, origin, published);
    return head;
  } catch (thrown) {
    throw asStoreError(thrown);
  } finally {
    await sessions.close();
  }
}

const triggers = `SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal LIMIT 1`;
const strayEntry =
  'SELECT tree.origin, tree.size, (SELECT min(seq) FROM entry WHERE seq >= tree.size) AS seq FROM tree';
const strayValue =
  'SELECT min(seq) AS seq FROM disclosure WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.seq = disclosure.seq)';
const levelRows = `SELECT tree.size, level, count(*) AS tiles, min(n) AS first, max(n) AS last,
    sum(octet_length(hashes))::bigint AS octets
  FROM tree JOIN tile ON true GROUP BY tree.size, level ORDER BY level`;

/** Rows that no entry and no hash is read through, and what would change rows by itself; gives the log's origin. Each is one look at one state. */
async function checkRows(dial: Dial): Promise<string> {
  const session = await dial();
  const [trigger] = await session.query(triggers);
  if (trigger !== undefined)
    throw new StoreError(
      'damaged',
      `the table ${trigger.relname} has the trigger ${trigger.tgname}, which is none of the log's`,
    );
  const [found] = await session.query(strayEntry);
  const stray = found?.seq ?? null;
  demandNoStray(asInteger(found?.size, 'the stored size'), stray === null ? undefined : asInteger(stray, 'an index'));
  const levels = await session.query(levelRows);
  const [{ size } = { size: 0 }] = levels;
  demandTileRows(
    asInteger(size, 'the stored size'),
    levels.map(({ level, tiles, first, last, octets }) => ({ level, tiles, first, last, octets })),
  );
  if ((await schemaVersion(session)) >= withDisclosures) demandNoStrayValue((await session.query(strayValue))[0]?.seq);
  return String(found?.origin);
}
