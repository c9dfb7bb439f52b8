/**
 * The log's tables, as they came to be: number n brings a schema of number n − 1 to n. Only ever added to, since databases
 * of every number are out there.
 */
export const migrations: readonly string[] = [
  // `tile` holds hashes exactly as they are published, the right edge of each level included; `tree` is the head they add
  // up to, and its row is what all replicas take turns at. `batch` is the last one of each writer: where the answer to a
  // COMMIT was lost, its row tells whether it was one. `signed` is the newest checkpoint that any replica has signed.
  `CREATE TABLE tree (
     one integer PRIMARY KEY CHECK (one = 1), origin text NOT NULL, size bigint NOT NULL CHECK (size >= 0),
     root bytea NOT NULL CHECK (length(root) = 32), time bigint NOT NULL);
   CREATE TABLE entry (seq bigint PRIMARY KEY CHECK (seq >= 0), body bytea NOT NULL);
   CREATE TABLE tile (level integer, n bigint, hashes bytea NOT NULL, PRIMARY KEY (level, n));
   ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
   CREATE TABLE batch (
     writer uuid PRIMARY KEY, id uuid NOT NULL, first bigint NOT NULL, count integer NOT NULL,
     at timestamptz NOT NULL DEFAULT now());
   CREATE TABLE signed (
     one integer PRIMARY KEY CHECK (one = 1), size bigint NOT NULL, root bytea NOT NULL, note text NOT NULL);`,
  // `dropped` names the records of the log that say which bodies go, and how far that has come. Nobody but the owner of the
  // tables can remove a body, and he by this function alone: what an entry under a signed checkpoint says is dropped, of
  // bundles before that entry, and nothing else. True while there is more.
  `CREATE TABLE dropped (record bigint PRIMARY KEY, next bigint NOT NULL);
   CREATE FUNCTION drop_bodies(told bigint, most integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
     SET search_path FROM CURRENT AS $$
   DECLARE
     says jsonb; lower bigint; upper bigint; at bigint; until bigint;
   BEGIN
     IF NOT EXISTS (SELECT 1 FROM signed WHERE size > told) THEN
       RAISE EXCEPTION 'entry % is under no signed checkpoint', told;
     END IF;
     SELECT convert_from(body, 'UTF8')::jsonb INTO says FROM entry WHERE seq = told;
     lower := (says->'pruned'->>'from')::bigint;
     upper := (says->'pruned'->>'to')::bigint;
     IF says IS NULL OR says->>'type' <> 'log.pruned' OR says->>'outcome' <> 'success' OR lower IS NULL OR upper IS NULL
       OR lower < 0 OR lower >= upper OR upper > told OR lower % 256 <> 0 OR upper % 256 <> 0
       OR jsonb_typeof(says->'pruned'->'kept') IS DISTINCT FROM 'array' THEN
       RAISE EXCEPTION 'entry % drops nothing', told;
     END IF;
     INSERT INTO dropped VALUES (told, lower) ON CONFLICT DO NOTHING;
     SELECT next INTO at FROM dropped WHERE record = told FOR UPDATE;
     until := least(upper, at + most);
     DELETE FROM entry WHERE seq >= at AND seq < until
       AND seq NOT IN (SELECT value::bigint FROM jsonb_array_elements_text(says->'pruned'->'kept'));
     UPDATE dropped SET next = until WHERE record = told;
     RETURN until < upper;
   END $$;
   REVOKE ALL ON FUNCTION drop_bodies(bigint, integer) FROM PUBLIC;`,
  // How far each sink of the exports has the log, whichever replica brings it.
  'CREATE TABLE cursor (sink text PRIMARY KEY, next bigint NOT NULL CHECK (next >= 0), memo text);',
  // `disclosure` holds the values that entries only commit to. They go with their body, or where an entry under a signed
  // checkpoint says so; nobody but the owner of the tables can remove one otherwise.
  `CREATE TABLE disclosure (
     seq bigint, field text, salt bytea NOT NULL, value text NOT NULL, PRIMARY KEY (seq, field));
   CREATE OR REPLACE FUNCTION drop_bodies(told bigint, most integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
     SET search_path FROM CURRENT AS $$
   DECLARE
     says jsonb; lower bigint; upper bigint; at bigint; until bigint;
   BEGIN
     IF NOT EXISTS (SELECT 1 FROM signed WHERE size > told) THEN
       RAISE EXCEPTION 'entry % is under no signed checkpoint', told;
     END IF;
     SELECT convert_from(body, 'UTF8')::jsonb INTO says FROM entry WHERE seq = told;
     lower := (says->'pruned'->>'from')::bigint;
     upper := (says->'pruned'->>'to')::bigint;
     IF says IS NULL OR says->>'type' <> 'log.pruned' OR says->>'outcome' <> 'success' OR lower IS NULL OR upper IS NULL
       OR lower < 0 OR lower >= upper OR upper > told OR lower % 256 <> 0 OR upper % 256 <> 0
       OR jsonb_typeof(says->'pruned'->'kept') IS DISTINCT FROM 'array' THEN
       RAISE EXCEPTION 'entry % drops nothing', told;
     END IF;
     INSERT INTO dropped VALUES (told, lower) ON CONFLICT DO NOTHING;
     SELECT next INTO at FROM dropped WHERE record = told FOR UPDATE;
     until := least(upper, at + most);
     DELETE FROM entry WHERE seq >= at AND seq < until
       AND seq NOT IN (SELECT value::bigint FROM jsonb_array_elements_text(says->'pruned'->'kept'));
     DELETE FROM disclosure WHERE seq >= at AND seq < until
       AND seq NOT IN (SELECT value::bigint FROM jsonb_array_elements_text(says->'pruned'->'kept'));
     UPDATE dropped SET next = until WHERE record = told;
     RETURN until < upper;
   END $$;
   CREATE FUNCTION erase_disclosures(told bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
     SET search_path FROM CURRENT AS $$
   DECLARE
     says jsonb;
   BEGIN
     IF NOT EXISTS (SELECT 1 FROM signed WHERE size > told) THEN
       RAISE EXCEPTION 'entry % is under no signed checkpoint', told;
     END IF;
     SELECT convert_from(body, 'UTF8')::jsonb INTO says FROM entry WHERE seq = told;
     IF says IS NULL OR says->>'type' <> 'log.redacted' OR says->>'outcome' <> 'success'
       OR jsonb_typeof(says->'redacted'->'records') IS DISTINCT FROM 'array' THEN
       RAISE EXCEPTION 'entry % erases nothing', told;
     END IF;
     DELETE FROM disclosure WHERE field = says->'redacted'->>'field' AND seq < told
       AND seq IN (SELECT value::bigint FROM jsonb_array_elements_text(says->'redacted'->'records'));
   END $$;
   REVOKE ALL ON FUNCTION erase_disclosures(bigint) FROM PUBLIC;`,
  // How vacuum keeps tables that grow at one end and are cut at the other (ADR 169): early and in small parts, freezing rows at once,
  // since none ever changes, and never with the lock that would stop issuance. None of it is needed: where a server knows no such
  // setting, or somebody holds the table (a vacuum against wraparound takes hours), it stays as it was.
  `DO $$
   DECLARE
     settings text := 'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, vacuum_truncate = off, '
       'toast.autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_threshold = 10000, toast.vacuum_truncate = off';
     added text := ', autovacuum_freeze_min_age = 0, toast.autovacuum_freeze_min_age = 0';
     each text;
   BEGIN
     IF current_setting('server_version_num')::integer >= 130000 THEN
       added := added || ', autovacuum_vacuum_insert_scale_factor = 0.01, toast.autovacuum_vacuum_insert_scale_factor = 0.01';
     END IF;
     FOREACH each IN ARRAY ARRAY['entry', 'disclosure', 'tile'] LOOP
       BEGIN
         EXECUTE format('ALTER TABLE %I SET (%s)', each, settings || CASE WHEN each = 'tile' THEN '' ELSE added END);
       EXCEPTION WHEN lock_not_available OR invalid_parameter_value OR feature_not_supported OR syntax_error THEN
         NULL;
       END;
     END LOOP;
   END $$;`,
  // `shown` is the newest checkpoint that any replica has published, with all that its witnesses gave to it: what is signed is ahead of
  // it for as long as they are asked.
  'ALTER TABLE signed ADD COLUMN shown_size bigint, ADD COLUMN shown text;',
  // A record with its certificate is past the two kilobytes from which the server tries to compress it, in vain: half of what it costs
  // to write. The lock stops issuance, so it is waited for in short turns; where somebody reads the table for hours, it stays as it was.
  `DO $$
   DECLARE
     patience text := current_setting('lock_timeout');
   BEGIN
     PERFORM set_config('lock_timeout', '50ms', true);
     FOR attempt IN 1..10 LOOP
       BEGIN
         ALTER TABLE entry ALTER COLUMN body SET STORAGE EXTERNAL;
         EXIT;
       EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
         PERFORM pg_sleep(0.1);
       END;
     END LOOP;
     PERFORM set_config('lock_timeout', patience, true);
   END $$;`,
];

/** Number of the first schema with values beside the log. */
export const withDisclosures = 4;

/**
 * What a server's own role needs, where another one made the tables: it can add to the log, and take away from it only what
 * an entry of the log says.
 */
export function grants(schema: string, role: string): string {
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};`,
    `GRANT INSERT ON ${schema}.entry TO ${role};`,
    `GRANT INSERT ON ${schema}.disclosure TO ${role};`,
    `GRANT INSERT, UPDATE ON ${schema}.tree, ${schema}.tile, ${schema}.signed, ${schema}.cursor TO ${role};`,
    `GRANT INSERT, UPDATE, DELETE ON ${schema}.batch TO ${role};`,
    `GRANT EXECUTE ON FUNCTION ${schema}.drop_bodies(bigint, integer) TO ${role};`,
    `GRANT EXECUTE ON FUNCTION ${schema}.erase_disclosures(bigint) TO ${role};`,
  ].join('\n');
}
