import { defineCommand, defineGroup } from '../command/command.ts';
import { makeWitnessKeyOptions, serveWitnessOptions } from './options.ts';

const serve = defineCommand({
  name: 'serve',
  summary: 'Run a witness of transparency logs until it is told to stop.',
  about: [
    'It cosigns checkpoints of the logs that it knows, as long as each continues what it has seen of them before (C2SP tlog-witness), and shows to anybody what it has seen. It needs no CA and no home of one: best it runs where whoever runs the logs has no say.',
    'What it has seen is on stable storage before an answer leaves. The folder must never be put back from a backup: a witness that has forgotten would sign another history, and needs new keys instead.',
  ],
  operands: [],
  options: serveWitnessOptions,
  examples: [{ type: 'witness serve --config /etc/countersign/witness.yaml', to: 'as a service does' }],
  exits: {
    ok: 'it was told to stop',
    no: 'what it has kept is damaged',
    input: 'configuration or key is missing or wrong',
    unavailable: 'the port or the folder cannot be had; another witness may hold it',
  },
  run: async (input, terminal) => (await import('./serve.ts')).runServeWitness(input, terminal),
});

const makeKey = defineCommand({
  name: 'make-key',
  summary: 'Make a key of a witness, and print the vkey that logs and auditors need.',
  about: [
    'A private key as PKCS#8, for `keys` in the configuration. One that is there stays, and its vkey is printed again. A witness may have one of each kind.',
  ],
  operands: [{ name: 'FILE', help: 'where it goes; only its owner can read it', required: true }],
  options: makeWitnessKeyOptions,
  examples: [{ type: 'witness make-key witness.key --name witness.example.org/mesh', to: 'before the first start' }],
  exits: {
    ok: 'it is there, made now or before',
    input: 'what is there is no such key, or others can read it; it is left alone',
  },
  run: async (input, terminal) => (await import('./make-key.ts')).runMakeWitnessKey(input, terminal),
});

export const witness = defineGroup({
  name: 'witness',
  summary: 'Be a witness of the logs of others.',
  about: ['Who cosigns our own log is configured under `audit.witnesses` of the server.'],
  members: [serve, makeKey],
});
