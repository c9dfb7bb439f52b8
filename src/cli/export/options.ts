import { flag, value } from '../command/options.ts';

const config = value('FILE', "the server's configuration (default: the home's countersign.yaml)");

export const testOptions = {
  config,
  json: flag('one JSON object: {"sink", "taken", "seq", "problem"}'),
} as const;

export const statusOptions = {
  config,
  json: flag('one JSON object: {"published", "sinks": [{"sink", "to", "next", "behind"}]}'),
} as const;
