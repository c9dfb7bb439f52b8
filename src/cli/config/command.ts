import { defineCommand, defineGroup } from '../command/command.ts';
import { flag } from '../command/options.ts';

const check = defineCommand({
  name: 'check',
  summary: "Read a server's configuration and everything it names, without starting anything.",
  about: [
    'Checks the file by line and key, runs the cases of its policies, and looks whether every file that it names is there. Keys are not opened and no port is taken.',
  ],
  operands: [{ name: 'FILE', help: "the configuration (default: the home's countersign.yaml)", required: false }],
  options: { json: flag('one JSON object: {"ok", "sha256", "policySetId", "problems": [...]}') },
  examples: [
    { type: 'config check countersign.yaml', to: 'before a restart' },
    { type: 'config check --home DIR', to: 'the configuration of a home' },
  ],
  exits: { ok: 'a server could start with it', input: 'it could not; every reason is listed' },
  run: async (input, terminal) => (await import('./check.ts')).runCheck(input, terminal),
});

export const config = defineGroup({
  name: 'config',
  summary: "Check a server's configuration.",
  about: ['docs/configuration.md lists every key.'],
  members: [check],
});
