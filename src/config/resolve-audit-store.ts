import { parseDuration } from '#document/scalars.ts';
import type { PostgresHost, PostgresSettings } from '#store/postgres/settings.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type StoreText = NonNullable<ServerConfigText['audit']['store']>;

const defaultPort = 5432;

/** A host with its port, or the folder of a socket; undefined for what is neither. */
export function parseDatabaseHost(text: string): PostgresHost | undefined {
  const [, host, port] =
    /^(\/[^:]*):(\d+)$/.exec(text) ??
    /^(\/[^:]*)$/.exec(text) ??
    /^\[([0-9a-fA-F:.]+)\](?::(\d+))?$/.exec(text) ??
    /^([0-9A-Za-z._-]+)(?::(\d+))?$/.exec(text) ??
    [];
  return host === undefined ? undefined : { host, port: port === undefined ? defaultPort : Number(port) };
}

export function resolveAuditStore({ postgres }: StoreText, from: PathFrom): PostgresSettings {
  const { hosts, database, user, schema, password, tls, patience } = postgres;
  const file = (name: 'ca' | 'certificate' | 'key') => (tls[name] === undefined ? {} : { [name]: from(tls[name]) });
  return {
    hosts: hosts.map((text) => {
      const host = parseDatabaseHost(text);
      if (host === undefined) throw new TypeError('a host that is none passed the check');
      return host;
    }),
    database,
    user,
    schema,
    ...(password !== undefined && {
      password: password.env === undefined ? { file: from(password.file ?? '') } : { env: password.env },
    }),
    tls: tls.mode === 'off' ? 'off' : { ...file('ca'), ...file('certificate'), ...file('key') },
    patienceMs: parseDuration(patience) * 1000,
  };
}
