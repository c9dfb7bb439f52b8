import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Client, type CustomTypesConfig } from 'pg';
import { readSecret } from '#keys/secret-source.ts';
import { parseValue } from './columns.ts';
import type { PostgresHost, PostgresSettings } from './settings.ts';

/** ms for a connection to stand, with TLS and password, at the most and at the least: in between, the patience decides. */
const connectWithinMs = 5_000;
const connectAtLeastMs = 1_000;

/** A client that is not connected yet, and the socket that is under it. Rejects where a file of TLS cannot be read. */
export async function clientOf(
  host: PostgresHost,
  settings: PostgresSettings,
): Promise<{ readonly client: Client; readonly socket: Socket }> {
  const { database, user, password, patienceMs } = settings;
  const socket = new Socket();
  const client = new Client({
    ...host,
    database,
    user,
    // Said in full: what is left out is taken from PGPASSWORD, PGSSLMODE and the like, or from ~/.pgpass.
    password: async () => (password === undefined ? '' : readSecret(password, 'password of the database')),
    ssl: host.host.startsWith('/') ? false : await tlsOf(settings),
    application_name: 'countersign',
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: Math.max(connectAtLeastMs, Math.min(patienceMs, connectWithinMs)),
    types: columnTypes,
    pipeline: true,
  });
  return { client, socket };
}

const columnTypes: CustomTypesConfig = { getTypeParser: (oid: number) => (text: string) => parseValue(oid, text) };

async function tlsOf({ tls }: PostgresSettings): Promise<false | ConnectionOptions> {
  if (tls === 'off') return false;
  const { ca, certificate, key } = tls;
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca: await readFile(ca, 'utf8') }),
    ...(certificate !== undefined && { cert: await readFile(certificate, 'utf8') }),
    ...(key !== undefined && { key: await readFile(key, 'utf8') }),
  };
}
