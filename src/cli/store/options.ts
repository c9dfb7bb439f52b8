import { flag, value } from '../command/options.ts';

export const moveOptions = {
  from: value('FILE', "the server's configuration with the store as it is"),
  to: value('FILE', 'the one with the store as it shall be; its origin is the same'),
  json: flag('one JSON object: {"from", "to", "origin", "size", "root", "sinks": [{"sink", "next"}, ...]}'),
} as const;

export const migrateOptions = {
  user: value('ROLE', "connect as this role, which may make tables (default: the configuration's)"),
  grant: value('ROLE', 'and let this role add to the log, and take nothing away: the one that servers use'),
  print: flag('only print what would be done, as SQL for psql'),
  json: flag('one JSON object: {"from", "to"}, the numbers of the schema'),
} as const;
