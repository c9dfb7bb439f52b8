/** For each row of `when`: one, or none. */
const putEntries = (when = '') => `INSERT INTO entry (seq, body)
  SELECT $1::bigint + at - 1, substr($2::bytea, start, length)
  FROM ${when} unnest($3::int[], $4::int[]) WITH ORDINALITY AS piece (start, length, at)`;

/** `first` is the number of the first of five values. */
const putTiles = (first: number, when = '') => `INSERT INTO tile (level, n, hashes)
  SELECT level, n, substr($${first}::bytea, start, length)
  FROM ${when} unnest($${first + 1}::int[], $${first + 2}::bigint[], $${first + 3}::int[], $${first + 4}::int[])
    AS piece (level, n, start, length)
  ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes`;

const putDisclosures = (when = '') => `INSERT INTO disclosure (seq, field, salt, value)
  SELECT seq, field, substr($3::bytea, start, length), value
  FROM ${when} unnest($1::bigint[], $2::text[], $4::int[], $5::int[], $6::text[]) AS piece (seq, field, start, length, value)`;

/** What is asked while certificates are issued. Each finds its rows by a key, whatever the log's size; a test reads the plans. */
export const statements = {
  head: 'SELECT origin, size, root, time FROM tree',
  lockHead: 'SELECT origin, size, root, time FROM tree FOR UPDATE',
  tile: 'SELECT hashes FROM tile WHERE level = $1 AND n = $2',
  /** The tiles that the tree grows at, and those of the given places. */
  edge: `SELECT level, n, hashes FROM (
      SELECT level, (SELECT size FROM tree) >> (8 * (level + 1)) AS n FROM generate_series(0, 6) AS height (level)
      UNION SELECT * FROM unnest($1::int[], $2::bigint[])) AS wanted (level, n) JOIN tile USING (level, n)`,
  /** Leaf hashes from an octet of a tile on, and those of some tiles behind it. */
  leaves: `SELECT CASE n WHEN $1::bigint THEN substr(hashes, $2::int) ELSE hashes END AS hashes
    FROM tile WHERE level = 0 AND n >= $1::bigint ORDER BY n LIMIT 8`,
  entry: 'SELECT body FROM entry WHERE seq = $1',
  entries: 'SELECT seq, body FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq',
  lastIndex: 'SELECT seq FROM entry ORDER BY seq DESC LIMIT 1',
  /** What was dropped since the record that was followed last, in the words of the records themselves. */
  dropped: `SELECT record, body FROM dropped LEFT JOIN entry ON seq = record WHERE record > $1 ORDER BY record`,
  drop: 'SELECT drop_bodies($1::bigint, $2::integer) AS more',
  erase: 'SELECT erase_disclosures($1::bigint)',
  disclosures: 'SELECT seq, field, salt, value FROM disclosure WHERE seq >= $1 AND seq < $2 ORDER BY seq, field',
  putDisclosures: putDisclosures(),
  /** Where the batch was written. */
  putBatchDisclosures: `${putDisclosures('batch,')} WHERE writer = $7 AND id = $8`,
  batch: 'SELECT first, count FROM batch WHERE writer = $1 AND id = $2',
  /**
   * All of a batch in one statement: its entries and tiles come as two runs of octets, cut up by their lengths. Whether it
   * was written, which it is to the tree that it was made for alone.
   */
  write: `WITH
      moved AS (
        UPDATE tree SET size = $13::bigint, root = $14::bytea, time = $15::bigint
        WHERE size = $1::bigint AND root = $16::bytea RETURNING one),
      bodies AS (${putEntries('moved,')}),
      hashes AS (${putTiles(5, 'moved,')}),
      told AS (
        INSERT INTO batch (writer, id, first, count) SELECT $10::uuid, $11::uuid, $1::bigint, $12::int FROM moved
        ON CONFLICT (writer) DO UPDATE
        SET id = excluded.id, first = excluded.first, count = excluded.count, at = excluded.at)
    SELECT count(*)::int AS written FROM moved`,
  putEntries: putEntries(),
  putTiles: putTiles(1),
  forgetWriter: 'DELETE FROM batch WHERE writer = $1',
  signed: 'SELECT size, root, note FROM signed',
  sign: `INSERT INTO signed (one, size, root, note) VALUES (1, $1, $2, $3)
    ON CONFLICT (one) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note
    WHERE signed.size <= excluded.size`,
  show: 'UPDATE signed SET shown_size = $1, shown = $2 WHERE coalesce(shown_size, 0) <= $1',
  /** What was signed last, where none was published yet, or by servers of an earlier version, which have no such column. */
  shown: "SELECT coalesce(to_jsonb(signed) ->> 'shown', note) AS note FROM signed",
  lockSink: "SELECT pg_try_advisory_lock(hashtext('countersign.export'), hashtext($1 || '/' || $2)) AS taken",
  unlockSink: "SELECT pg_advisory_unlock(hashtext('countersign.export'), hashtext($1 || '/' || $2))",
  cursor: 'SELECT next, memo FROM cursor WHERE sink = $1',
  putCursor: `INSERT INTO cursor (sink, next, memo) VALUES ($1, $2, $3)
    ON CONFLICT (sink) DO UPDATE SET next = excluded.next, memo = excluded.memo`,
} as const;
