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
];

/** What a server's own role needs, where another one made the tables: it can add to the log and not take away from it. */
export function grants(schema: string, role: string): string {
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};`,
    `GRANT INSERT ON ${schema}.entry TO ${role};`,
    `GRANT INSERT, UPDATE ON ${schema}.tree, ${schema}.tile, ${schema}.signed TO ${role};`,
    `GRANT INSERT, UPDATE, DELETE ON ${schema}.batch TO ${role};`,
  ].join('\n');
}
