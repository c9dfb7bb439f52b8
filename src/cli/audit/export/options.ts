import { type FilterName, filterNames, filters } from '#audit/questions/filters.ts';
import { formatNames } from '#export/format-names.ts';
import { flag, type Value, value } from '../../command/options.ts';
import { keyOption, logOption, trustOption } from '../options.ts';

/** What a record does not say by itself: it takes others to know. */
const ofOthers = ['at', 'within', 'older-than'] as const;
export type ExportFilter = Exclude<FilterName, (typeof ofOthers)[number]>;

export const exportFilters: readonly ExportFilter[] = filterNames.filter((name) => isExportFilter(name));

export function isExportFilter(name: string): name is ExportFilter {
  return name in filters && !ofOthers.some((other) => other === name);
}

const filterOptions = Object.fromEntries(
  exportFilters.map((name) => [name, value(filters[name].of, filters[name].help)]),
) as { readonly [Name in ExportFilter]: Value };

const sharedOption = value(
  'FILE',
  "read the log from the PostgreSQL that this configuration names (default: the home's, where no folder is published)",
);
const archiveOption = value('DIR', 'a folder of audit.archive, for the records that were dropped from the log');

export const exportOptions = {
  ...filterOptions,
  format: value('FORMAT', 'how records are written (default: jsonl)', { choices: formatNames }),
  out: value('FILE', 'write it there; compressed where it ends in .gz', { short: 'o' }),
  log: logOption,
  store: sharedOption,
  archive: archiveOption,
  'log-key': keyOption,
  'trust-policy': trustOption,
  json: flag('one JSON object: {"file", "rows", "dropped", "from", "to", "complete", "manifest"}'),
} as const;

export const verifyExportOptions = {
  log: value(
    'DIR',
    "the published log, to make the file again from (default: none for jsonl, which proves itself; else the home's)",
  ),
  store: sharedOption,
  archive: archiveOption,
  key: keyOption,
  'trust-policy': trustOption,
  json: flag(
    'one JSON object: {"verified", "format", "rows", "dropped", "from", "to", "complete", "witnesses"} or with "problem"',
  ),
} as const;
