import { defineCommand, defineGroup } from '../command/command.ts';
import { migrateOptions, moveOptions } from './options.ts';

const move = defineCommand({
  name: 'move',
  summary: 'Move the log from one store to another: embedded to PostgreSQL, or back.',
  about: [
    'Copies every entry and tile, verifies each on its way and the copy once more at the end. The log stays the same: origin, indexes, tree; proofs and checkpoints of before hold, and new ones go on from them.',
    'No server may run on either store; one that does is noticed. A store that has a log already is refused. The old store is left as it is, and no server may be started on it again.',
    'How far each sink of the exports has come goes along, and how far watch rules have; they go on there. One that stands ahead of the log was brought what this log does not have: it begins anew, which is told.',
    'The two files are whole configurations that differ in audit.store; take the log key along.',
  ],
  operands: [],
  options: moveOptions,
  examples: [
    { type: 'store move --from countersign.yaml --to with-postgres.yaml', to: 'before the second replica' },
    { type: 'store move --from with-postgres.yaml --to countersign.yaml --json', to: 'back again, in a script' },
  ],
  exits: {
    ok: 'the log is in the new store, and verified there',
    no: 'the old store is damaged, or the new one has a log; nothing was changed',
    input: 'a configuration is missing or wrong, or the two do not belong together',
    unavailable: 'a server has one of the stores open, or the database cannot be reached',
  },
  run: async (input, terminal) => (await import('./move.ts')).runMove(input, terminal),
});

const migrate = defineCommand({
  name: 'migrate',
  summary: "Make the log's tables in PostgreSQL, or bring them up to date.",
  about: [
    'A server does this by itself when it starts, if its role may. Where it may not, do it here as one that can, before the new version starts. Steps go forward only, all of them or none.',
    "The password is the configuration's; a role with another one needs a configuration of its own, or a socket.",
  ],
  operands: [{ name: 'FILE', help: "the configuration (default: the home's countersign.yaml)", required: false }],
  options: migrateOptions,
  examples: [
    { type: 'store migrate countersign.yaml --user owner --grant countersign', to: 'before the first start' },
    { type: 'store migrate countersign.yaml --print', to: 'read it first, or run it by psql' },
  ],
  exits: {
    ok: 'the tables are what this program works with',
    no: 'a newer program made them, or this role may not change them',
    input: 'the configuration is missing or wrong, or names no PostgreSQL',
    unavailable: 'the database cannot be reached',
  },
  run: async (input, terminal) => (await import('./migrate.ts')).runMigrate(input, terminal),
});

export const store = defineGroup({
  name: 'store',
  summary: 'Where the log is kept: move it, and look after its tables.',
  about: ['docs/log-store.md says which store to choose and how PostgreSQL is set up.'],
  members: [move, migrate],
});
