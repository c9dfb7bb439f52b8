import type { SecretSource } from '#keys/secret-source.ts';

/** How to reach a log's database. Paths are absolute; nothing here is a secret. */
export interface PostgresSettings {
  /** Tried in turn; the one that takes writes is used. Never empty. */
  readonly hosts: readonly PostgresHost[];
  readonly database: string;
  readonly user: string;
  /** Schema of the log's tables: one log to a schema. */
  readonly schema: string;
  /** Read anew for each connection, so that it may be changed while we run. */
  readonly password?: SecretSource;
  /** Of TCP; a socket has none. `verify-full`: the certificate must be valid for the host's name. */
  readonly tls: 'off' | { readonly ca?: string; readonly certificate?: string; readonly key?: string };
  /** ms that a record may wait for a database that is away, before it is refused. */
  readonly patienceMs: number;
}

export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** For messages: where the log is, without anything secret. */
export function placeOf({ hosts, database, schema }: PostgresSettings): string {
  const at = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  return `PostgreSQL ${at}/${database}, schema ${schema}`;
}
