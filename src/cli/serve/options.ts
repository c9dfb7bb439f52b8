import { value } from '../command/options.ts';

export const serveOptions = {
  config: value('FILE', "the server's configuration (default: countersign.yaml in the home)", { short: 'c' }),
  'ready-file': value('FILE', 'write the addresses there as JSON once the server is ready: for scripts that start it'),
} as const;
