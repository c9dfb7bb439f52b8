import { duration, list, oneOf, optional, optionalSection, path, secret, section, text } from './field.ts';

const postgres = section('A PostgreSQL, whose one log any number of replicas write; they share origin and key', {
  hosts: list(
    'Its servers, host or host:port, or the folder of a Unix socket; tried in turn, and the one that takes writes is used',
    text('One server'),
    { minItems: 1 },
  ),
  database: text('Name of the database', { default: 'countersign' }),
  user: text('Role to connect as', { default: 'countersign' }),
  schema: text("Schema of the log's tables: one log to a schema", { default: 'countersign' }),
  password: optional(secret('Where the password of the role is; read again for each connection')),
  tls: optionalSection('How a connection over the network is protected', {
    mode: oneOf(
      'verify-full: only with a certificate that is valid for the host; off: not at all',
      ['verify-full', 'off'],
      {
        default: 'verify-full',
      },
    ),
    ca: optional(path('Whom to trust, PEM; left out for the public CAs')),
    certificate: optional(path('Our own certificate, PEM, where the server asks for one')),
    key: optional(path('Its private key, PEM')),
  }),
  patience: duration('How long a record waits for a database that is away before it is refused; at most 1m', {
    default: '5s',
  }),
});

export const auditStore = section('Where records are kept instead of an embedded database in the directory', {
  postgres,
});
