import { formatNames } from '#export/format-names.ts';
import { bucketFields } from './bucket.ts';
import {
  byteSize,
  count,
  duration,
  flag,
  list,
  oneOf,
  optional,
  optionalSection,
  path,
  secret,
  section,
  shortName,
  text,
} from './field.ts';

const file = section('Files of whole ranges of the log, compressed, each with its SHA-256 beside it', {
  directory: path('Folder; of this sink alone'),
  entries: count(
    'Entries of the log that one file is for',
    { minimum: 256, maximum: 10_000_000 },
    { default: 100_000 },
  ),
});

const stdout = section('Standard output of the server', {});

const tls = optionalSection('How the connection is protected', {
  ca: optional(path('Whom to trust, PEM; left out for the public CAs')),
  certificate: optional(path('Our own certificate, PEM, where the sink asks for one')),
  key: optional(path('Its private key, PEM')),
});
const url = text('Its URL, https://HOST or with a path before the paths of the API');

const splunk = section("Splunk's HTTP Event Collector", {
  url,
  token: secret('Where its token is'),
  index: optional(text("Index; left out, the token's own")),
  acknowledge: flag('A batch counts once it is indexed; needs indexer acknowledgement for the token', {
    default: false,
  }),
  tls,
});

const elastic = section('Elasticsearch, or what speaks its bulk API: each record once, by its id', {
  url,
  index: text('Data stream or index', { default: 'logs-countersign.audit-default' }),
  apiKey: optional(secret('Where an API key is, as Elasticsearch gives it in base64')),
  basic: optional(section('A user instead', { user: text('Name'), password: secret('Where the password is') })),
  tls,
});

const otlp = section('Log records over OTLP/HTTP; /v1/logs goes behind the URL', {
  url,
  headers: list(
    'Headers of each request',
    section('One header', { name: text('Its name'), value: secret('Where its value is') }),
    { default: [] },
  ),
  tls,
});

const syslog = section('Syslog over TLS (RFC 5425)', {
  host: text('Name or address of the receiver; its certificate must be valid for it'),
  port: count('Port', { minimum: 1, maximum: 65_535 }, { default: 6514 }),
  enterpriseNumber: optional(
    count("Your own number from IANA, for the structured data; left out, 32473, which is everybody's for examples", {
      minimum: 1,
      maximum: 4_294_967_295,
    }),
  ),
  tls,
});

const s3 = section(
  'Objects in a bucket that speaks S3, each for a whole range of the log, with its SHA-256 beside it',
  {
    ...bucketFields('countersign-exports/'),
    entries: count(
      'Entries of the log that one object is for, at most',
      { minimum: 1, maximum: 1_000_000 },
      { default: 100_000 },
    ),
    flush: duration('How long the oldest record may wait for an object to become full, 1s to 1h', { default: '1m' }),
  },
);

const to = section('Where records go: exactly one of these', {
  file: optional(file),
  stdout: optional(stdout),
  splunk: optional(splunk),
  elastic: optional(elastic),
  otlp: optional(otlp),
  syslog: optional(syslog),
  s3: optional(s3),
});

const sink = section('One sink', {
  name: shortName('Its name in metrics and records; how far it has come is kept by it'),
  format: optional(
    oneOf('What each record looks like there; left out, what such a sink is used to (docs/siem.md)', formatNames),
  ),
  to,
  batch: optionalSection('What is sent at once, at most', {
    records: count('Records', { minimum: 1, maximum: 10_000 }, { default: 1_000 }),
    size: byteSize('Octets of them, at most 16MiB', { default: '1MiB' }),
  }),
  timeout: duration('How long an answer may take, 1s to 10m', { default: '30s' }),
  lag: optionalSection('How old the oldest record may be that the sink does not have', {
    warn: duration('From here on it is behind, which is recorded and told; 10s to 7d', { default: '5m' }),
    alarm: duration('And recorded once more; longer than warn, at most 30d', { default: '1h' }),
  }),
});

export const exports = list(
  'Where every record is brought besides, once a signed checkpoint covers it; docs/siem.md says what each sink promises',
  sink,
  { default: [] },
);
