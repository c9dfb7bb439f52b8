import { keyOption, trustOption } from '../audit/options.ts';
import { flag, many, value } from '../command/options.ts';

export const makeOptions = {
  period: value('PERIOD', 'what it is about, in UTC: Q3, 2026-Q3, 2026, 2026-09, a day, or FIRST..LAST'),
  out: value('DIR', 'write it there; the folder must not be there yet', { short: 'o' }),
  log: value('DIR', "the published log, verified on the way (default: the home's)"),
  store: value('FILE', 'a configuration that names a PostgreSQL, where nothing is published'),
  key: keyOption,
  'trust-policy': trustOption,
  kept: many('FILE', 'a checkpoint that you kept of an earlier look: the log must still begin with it'),
  checkpoint: value(
    'FILE',
    'speak of the log as of this checkpoint, such as that of an earlier pack (default: the newest)',
  ),
  archive: value('DIR', 'a folder of audit.archive, for the records that were dropped'),
  draw: value('WORD', 'draw samples by this word too: one that whoever runs the CA did not know before'),
  json: flag('one JSON object: {"folder", "period", "size", "records", "misfits"}'),
} as const;

export const verifyOptions = {
  key: keyOption,
  'trust-policy': trustOption,
  json: flag(
    'one JSON object: {"verified", "origin", "size", "period", "rows", "proofs", "witnesses"} or {"verified": false, "problem"}',
  ),
} as const;
