/** Number of the layout below, and part of the file's name. A file that says another is made again: all of it follows from the log. */
export const layout = '3';

/** ms between which a key counts as young: only what outlives it is kept at hand by its age. */
export const youngKeyMs = 86_400_000;
/** Entries that share one line of `block`. */
export const blockLength = 1_024;

/**
 * Words are kept once and named by number. Each index of one column gives its rows in the order of the log, as the key of
 * a row is its leaf index: so a page of an answer is read in place, newest first. What is rare has an index of its own.
 *
 * `block`: between which moments the certificates of 1,024 entries hold. `newest`: the certificate of an identity that ends
 * last. `dropping`: rows that are yet to be forgotten, since their bodies were dropped. `tally`: how many requests of a kind came in a minute, an hour, a day, and the newest of their entries.
 */
export const tables = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
  CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE record (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, type INTEGER NOT NULL, outcome INTEGER NOT NULL, reason INTEGER,
    door INTEGER, identity INTEGER, trust_domain INTEGER, cluster INTEGER, namespace INTEGER, account INTEGER,
    node INTEGER, issuer_key INTEGER, issuer_name INTEGER, policy INTEGER, policy_set INTEGER, key_kind INTEGER,
    issued INTEGER, impersonated INTEGER, not_before INTEGER, not_after INTEGER, key_since INTEGER, key_shared INTEGER,
    serial BLOB, pod BLOB, spki BLOB, sha256 BLOB, jti BLOB, count INTEGER NOT NULL) STRICT;
  CREATE INDEX by_type ON record (type);
  CREATE INDEX by_refusal ON record (seq, type, reason, identity, count) WHERE reason IS NOT NULL;
  CREATE INDEX by_reason ON record (reason) WHERE reason IS NOT NULL;
  CREATE INDEX by_identity ON record (identity) WHERE identity IS NOT NULL;
  CREATE INDEX by_trust_domain ON record (trust_domain) WHERE trust_domain IS NOT NULL;
  CREATE INDEX by_cluster ON record (cluster) WHERE cluster IS NOT NULL;
  CREATE INDEX by_namespace ON record (namespace) WHERE namespace IS NOT NULL;
  CREATE INDEX by_account ON record (account) WHERE account IS NOT NULL;
  CREATE INDEX by_node ON record (node) WHERE node IS NOT NULL;
  CREATE INDEX by_issuer_key ON record (issuer_key) WHERE issuer_key IS NOT NULL;
  CREATE INDEX by_issuer_name ON record (issuer_name) WHERE issuer_name IS NOT NULL;
  CREATE INDEX by_policy ON record (policy) WHERE policy IS NOT NULL;
  CREATE INDEX by_policy_set ON record (policy_set) WHERE policy_set IS NOT NULL;
  CREATE INDEX by_key_kind ON record (key_kind) WHERE key_kind IS NOT NULL;
  CREATE INDEX by_impersonation ON record (seq) WHERE impersonated = 1;
  CREATE INDEX by_shared_key ON record (seq) WHERE key_shared IS NOT NULL;
  CREATE INDEX by_old_key ON record (seq) WHERE not_after - key_since > ${youngKeyMs};
  CREATE INDEX by_serial ON record (serial) WHERE serial IS NOT NULL;
  CREATE INDEX by_pod ON record (pod) WHERE pod IS NOT NULL;
  CREATE INDEX by_spki ON record (spki) WHERE spki IS NOT NULL;
  CREATE INDEX by_sha256 ON record (sha256) WHERE sha256 IS NOT NULL;
  CREATE INDEX by_jti ON record (jti) WHERE jti IS NOT NULL;
  CREATE TABLE block (n INTEGER PRIMARY KEY, begins INTEGER NOT NULL, ends_first INTEGER NOT NULL,
    ends INTEGER NOT NULL) STRICT;
  CREATE TABLE revocation (serial BLOB NOT NULL, issuer_key INTEGER NOT NULL, effective INTEGER NOT NULL,
    PRIMARY KEY (serial, issuer_key)) STRICT, WITHOUT ROWID;
  CREATE TABLE newest (identity INTEGER PRIMARY KEY, seq INTEGER NOT NULL, due INTEGER NOT NULL,
    not_after INTEGER NOT NULL) STRICT;
  CREATE INDEX by_end ON newest (not_after, due, seq);
  CREATE TABLE dropping (record INTEGER PRIMARY KEY, next INTEGER NOT NULL, upto INTEGER NOT NULL, kept TEXT NOT NULL) STRICT;
  CREATE TABLE series (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, outcome INTEGER NOT NULL, reason INTEGER NOT NULL,
    cluster INTEGER NOT NULL, namespace INTEGER NOT NULL, key_kind INTEGER NOT NULL, level INTEGER NOT NULL,
    UNIQUE (type, outcome, reason, cluster, namespace, key_kind, level)) STRICT;
  CREATE TABLE tally (series INTEGER NOT NULL, unit INTEGER NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL,
    newest INTEGER NOT NULL, PRIMARY KEY (series, unit, start)) STRICT, WITHOUT ROWID;
`;
