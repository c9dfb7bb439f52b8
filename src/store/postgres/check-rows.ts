import { hashLength } from '#audit/merkle.ts';
import { hashesAt, tileWidth } from '#audit/tiles.ts';
import { demandNoStray, demandNoStrayValue } from '../check-rows.ts';
import { StoreError } from '../store-error.ts';
import { asInteger } from './columns.ts';
import { schemaVersion } from './migrate.ts';
import { withDisclosures } from './schema.ts';
import type { Session } from './session.ts';

/** Tiles that one statement counts: those of sixteen million entries. However large a log is, none of them takes long. */
const mostAtOnce = 65_536;

const triggers = `SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal LIMIT 1`;
const strayEntry =
  'SELECT tree.origin, tree.size, (SELECT min(seq) FROM entry WHERE seq >= tree.size) AS seq FROM tree';
/** Those within the log were held against their entries. */
const strayValue = `SELECT coalesce((SELECT min(seq) FROM disclosure WHERE seq < 0),
    (SELECT min(seq) FROM disclosure WHERE seq >= tree.size)) AS seq FROM tree`;
const levels =
  'SELECT tree.size, (SELECT min(level) FROM tile) AS first, (SELECT max(level) FROM tile) AS last FROM tree';
const counts = 'count(n) AS tiles, coalesce(sum(octet_length(hashes)), 0)::bigint AS octets';
const fullTiles = `SELECT ${counts} FROM tile WHERE level = $1 AND n >= $2 AND n < $3`;
/** From there to the end, which grows, and what is before the beginning: one look at one state. */
const otherTiles = `SELECT tree.size, ${counts} FROM tree LEFT JOIN tile ON level = $1 AND (n >= $2 OR n < 0) GROUP BY tree.size`;

/**
 * Rows that no entry and no hash is read through, and what would change rows by itself; gives the log's origin. Works beside
 * running servers. Rejects with StoreError `damaged`.
 */
export async function checkRows(session: Session): Promise<string> {
  const [trigger] = await session.query(triggers);
  if (trigger !== undefined)
    throw new StoreError(
      'damaged',
      `the table ${trigger.relname} has the trigger ${trigger.tgname}, which is none of the log's`,
    );
  const [found] = await session.query(strayEntry);
  const stray = found?.seq ?? null;
  demandNoStray(asInteger(found?.size, 'the stored size'), stray === null ? undefined : asInteger(stray, 'an index'));
  await checkTileRows(session);
  if ((await schemaVersion(session)) >= withDisclosures) demandNoStrayValue((await session.query(strayValue))[0]?.seq);
  return String(found?.origin);
}

/**
 * The tiles are those that the entries make, and no others: rows are unique, so that number and octets leave no room for another.
 * Full tiles never change, so they are counted `atOnce` by `atOnce`.
 */
export async function checkTileRows(session: Session, atOnce = mostAtOnce): Promise<void> {
  const [row] = await session.query(levels);
  const size = asInteger(row?.size, 'the stored size');
  const last = row?.last ?? -1;
  if (size > 0 && row?.first !== 0) throw others(row?.first, size);
  if (typeof last !== 'number' || hashesAt(last + 1, size) > 0 || (last >= 0 && hashesAt(last, size) === 0))
    throw others(last, size);
  for (let level = 0; level <= last; level++) {
    const full = Math.floor(hashesAt(level, size) / tileWidth);
    let from = 0;
    for (; from + atOnce <= full; from += atOnce) {
      const [found] = await session.query(fullTiles, [level, from, from + atOnce]);
      if (found?.tiles !== atOnce || found.octets !== atOnce * tileWidth * hashLength) throw others(level, size);
    }
    const [rest] = await session.query(otherTiles, [level, from]);
    const grown = asInteger(rest?.size, 'the stored size');
    const hashes = hashesAt(level, grown) - from * tileWidth;
    if (rest?.tiles !== Math.ceil(hashes / tileWidth) || rest.octets !== hashes * hashLength)
      throw others(level, grown);
  }
}

const others = (level: unknown, size: number) =>
  new StoreError('damaged', `the tiles of level ${String(level)} are not those of ${size} entries`, 0);
