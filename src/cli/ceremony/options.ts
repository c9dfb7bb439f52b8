import { flag, value } from '../command/options.ts';

export const runOptions = {
  config: value('FILE', "record every step in the log of this server's configuration; the server must not be running"),
  json: flag('one JSON object'),
} as const;

export const installOptions = {
  ...runOptions,
  chain: value('FILE', 'PEM chain that the CA gave: the intermediate first'),
  roots: value('FILE', 'PEM root, where it is not in the chain'),
} as const;

export const initTokenOptions = {
  'so-pin-file': value('FILE', 'where the PIN of the security officer is'),
  'so-pin-env': value('NAME', 'environment variable that holds it'),
  json: flag('one JSON object: {"token", "was"}'),
} as const;
