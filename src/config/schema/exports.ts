import { formatNames } from '#sinks/formats.ts';
import {
  byteSize,
  count,
  duration,
  list,
  oneOf,
  optional,
  optionalSection,
  path,
  section,
  shortName,
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

const to = section('Where records go: exactly one of these', {
  file: optional(file),
  stdout: optional(stdout),
});

const sink = section('One sink', {
  name: shortName('Its name in metrics and records; how far it has come is kept by it'),
  format: oneOf('What each record looks like there', formatNames, { default: 'jsonl' }),
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
