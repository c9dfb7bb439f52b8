import { defineCommand } from '../command/command.ts';
import { quickstartOptions } from './options.ts';

export const quickstart = defineCommand({
  name: 'quickstart',
  summary: 'See the whole of it work once, on a software token, on this machine.',
  about: [
    'Holds a root ceremony in a SoftHSM token, starts the CA on loopback, asks it over TLS for a certificate, verifies the proof of the log, and shows two refusals. `scripts/quickstart` installs what is missing and then runs this. A second run finds everything in place.',
  ],
  operands: [],
  options: quickstartOptions,
  examples: [
    { type: 'quickstart --keep', to: 'leave the server running; the home’s env file says where' },
    { type: 'quickstart --clean', to: 'stop that server and remove the home' },
  ],
  exits: {
    ok: 'all of it worked',
    no: 'a step did not do what it should; stderr says which',
    unavailable: 'the software token or a port cannot be had',
  },
  run: async (input, terminal) => (await import('./quickstart.ts')).runQuickstart(input, terminal),
});
