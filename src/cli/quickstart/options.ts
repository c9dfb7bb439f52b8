import { flag } from '../command/options.ts';

export const quickstartOptions = {
  keep: flag('leave the server running when done'),
  clean: flag('stop the server of this home and remove the home; nothing else is done'),
} as const;
