import { flag, many, value } from '../command/options.ts';
import { trustOption } from './options.ts';

export const replayOptions = {
  log: value('DIR', "the published log, verified on the way (default: the home's)"),
  store: value(
    'DIR',
    "the server's own store instead: its folder, or its configuration file where that names a PostgreSQL (default for a home that publishes no folder)",
  ),
  key: value('VKEY', "the log's public key: a vkey, or a file with one (default: the home's log.vkey)"),
  'trust-policy': trustOption,
  kept: many('FILE', 'a checkpoint that you kept of an earlier look: the log must still begin with it'),
  archive: value('DIR', 'a folder of audit.archive, for the records that were dropped'),
  since: value('TIME', 'only what was issued since: RFC 3339, or a length of time ago such as 90d'),
  until: value('TIME', 'only what was issued until then'),
  policies: many('FILE', 'ask instead which live certificates these policies would refuse: files, or folders of them'),
  limit: value('N', 'list at most so many, 1 to 100000 (default: 1000); all are counted'),
  json: flag(
    'one JSON object: {"fits", "size", "dropped", "kinds", "findings"} or {"size", "dropped", "setId", "live", "refused"}',
  ),
} as const;
