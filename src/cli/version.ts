import manifest from '../../package.json' with { type: 'json' };
import { defineCommand } from './command/command.ts';
import { flag } from './command/options.ts';

export const version = defineCommand({
  name: 'version',
  summary: 'Print the version of countersign and of what it runs on.',
  about: [],
  operands: [],
  options: { json: flag('one JSON object') },
  examples: [{ type: 'version --json', to: 'for a bug report' }],
  exits: { ok: 'always' },
  run: async ({ options }, terminal) => {
    const facts = { countersign: manifest.version, node: process.versions.node, openssl: process.versions.openssl };
    if (options.json) terminal.printJson(facts);
    else terminal.print(`countersign ${facts.countersign} (Node ${facts.node}, OpenSSL ${facts.openssl})`);
    return 'ok';
  },
});
