import { type FilterName, filterNames, filters } from '#audit/questions/filters.ts';
import { flag, type Value, value } from '../command/options.ts';
import { discloseOption, trustOption } from './options.ts';

/** Made from the filters themselves: whatever a question can be narrowed by is an option. */
const filterOptions = Object.fromEntries(
  filterNames.map((name) => [name, value(filters[name].of, filters[name].help)]),
) as { readonly [Name in FilterName]: Value };

export const askOptions = {
  ...filterOptions,
  before: value('INDEX', 'go on from here: only records before this index'),
  limit: value('N', 'at most so many rows, 1 to 1000 (default: 50)'),
  proof: value('DIR', 'write a tlog-proof of each row there, as INDEX.tlog-proof'),
  'log-key': value('VKEY', "for --proof, the log's public key (default: the home's log.vkey)"),
  'trust-policy': trustOption,
  disclose: discloseOption,
  json: flag('one JSON object: {"question", "size", "records" | "groups" | "rates", "before"}'),
} as const;
