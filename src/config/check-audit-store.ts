import { between, exactlyOne, type Report } from './judgement.ts';
import { parseDatabaseHost } from './resolve-audit-store.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** Longest name of PostgreSQL, octets. */
const nameLength = 63;

export function checkAuditStore({ audit }: ServerConfigText, report: Report): void {
  if (audit.store === undefined) return;
  const { hosts, schema, password, tls, patience } = audit.store.postgres;
  const path = ['audit', 'store', 'postgres'];
  for (const [at, text] of hosts.entries()) {
    const port = parseDatabaseHost(text)?.port;
    // What stands there is not repeated: it may be a URL with a password in it.
    if (port === undefined)
      report(
        [...path, 'hosts', at],
        'this is no host, no host:port and no folder of a socket, such as /run/postgresql',
      );
    else if (port < 1 || port > 65_535)
      report([...path, 'hosts', at], `${port} is not a port: they go from 1 to 65535`);
  }
  if (!/^[a-z_][a-z0-9_]*$/.test(schema) || schema.length > nameLength || schema.startsWith('pg_')) {
    report([...path, 'schema'], `"${schema}" is not a name of a-z, 0-9 and "_" that does not begin with pg_`);
  }
  if (password !== undefined) exactlyOne({ file: password.file, env: password.env }, [...path, 'password'], report);
  if ((tls.certificate === undefined) !== (tls.key === undefined))
    report([...path, 'tls'], 'certificate and key belong together: give both or neither');
  if (tls.mode === 'off' && (tls.ca ?? tls.certificate) !== undefined)
    report([...path, 'tls'], 'mode is off: ca, certificate and key would not be used');
  between(patience, '0s', '1m', [...path, 'patience'], report);
}
