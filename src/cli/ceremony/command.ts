import { defineCommand, defineGroup } from '../command/command.ts';
import { flag } from '../command/options.ts';
import { initTokenOptions, installOptions, runOptions } from './options.ts';

const file = { name: 'FILE', help: 'the ceremony, a YAML document', required: true } as const;
const label = { name: 'LABEL', help: 'the intermediate, by its label in the file', required: true } as const;
const relative = 'Relative paths in the file start from the home.';

const plan = defineCommand({
  name: 'plan',
  summary: 'Show every field of every certificate that a ceremony would make, and what to think about.',
  about: [
    'Opens no token and writes nothing. Review this, then run the same file: its SHA-256 stands in the plan and in the transcript.',
    relative,
  ],
  operands: [file],
  options: { json: flag('one JSON object: the plan with every field') },
  examples: [{ type: 'ceremony plan hsm/root-ceremony.yaml', to: 'for the reviewers' }],
  exits: { ok: 'it could be run', input: 'the file is wrong; every error is listed with its line' },
  run: async (input, terminal) => (await import('./plan.ts')).runPlan(input, terminal),
});

const run = defineCommand({
  name: 'run',
  summary: 'Make the keys and certificates of a ceremony, or the rest of them.',
  about: [
    'Asks nothing: what the file says is done, step by step, each noted in a journal before and after. Run again after an interruption it goes on where it stopped; where everything is in place it changes nothing. It never makes a second root.',
    relative,
  ],
  operands: [file],
  options: runOptions,
  examples: [{ type: 'ceremony run hsm/root-ceremony.yaml --home DIR', to: 'after the review' }],
  exits: {
    ok: 'everything is in place; the transcript says what was made',
    no: 'what was found contradicts the file; nothing was changed',
    input: 'the file is wrong',
    unavailable: 'the token, its PIN or the log cannot be had',
  },
  run: async (input, terminal) => (await import('./run.ts')).runRun(input, terminal),
});

const request = defineCommand({
  name: 'request',
  summary: "Make an intermediate's key and the CSR that an enterprise root signs.",
  about: ['For a root that we never touch: the file plans no root. Run again, it gives the same CSR.', relative],
  operands: [file, label],
  options: runOptions,
  examples: [
    { type: 'ceremony request hsm/enterprise.yaml mesh --home DIR', to: 'then hand over DIR/ca/mesh.csr.pem' },
  ],
  exits: {
    ok: 'the CSR is written',
    no: 'the file plans it otherwise',
    input: 'the file is wrong',
    unavailable: 'the token or its PIN cannot be had',
  },
  run: async (input, terminal) => (await import('./request.ts')).runRequest(input, terminal),
});

const install = defineCommand({
  name: 'install',
  summary: 'Check and take the chain that an enterprise CA gave for our CSR.',
  about: [
    'Everything is checked before anything is written: key, signatures, lifetimes, CA bits, path lengths, name constraints, trust domain.',
    relative,
  ],
  operands: [file, label],
  options: installOptions,
  examples: [
    {
      type: 'ceremony install hsm/enterprise.yaml mesh --chain mesh-chain.pem --roots root.pem',
      to: 'the answer to `ceremony request`',
    },
  ],
  exits: {
    ok: 'it is installed',
    no: 'the chain does not hold; every reason is listed',
    input: 'a file is wrong',
    unavailable: 'the token or its PIN cannot be had',
  },
  run: async (input, terminal) => (await import('./install.ts')).runInstall(input, terminal),
});

const initToken = defineCommand({
  name: 'init-token',
  summary: 'Initialise an empty token under the label and PIN that the file names.',
  about: [
    'A token of that label that is already there is left as it is: initialising one destroys its keys. PINs come from files or the environment, never from the command line.',
    relative,
  ],
  operands: [file],
  options: initTokenOptions,
  examples: [
    {
      type: 'ceremony init-token hsm/root-ceremony.yaml --so-pin-file secrets/so-pin',
      to: 'once, before the first run',
    },
  ],
  exits: {
    ok: 'the token is ready, now or already',
    input: 'the file is wrong or names no token',
    unavailable: 'no empty token, no library, or no PIN',
  },
  run: async (input, terminal) => (await import('./init-token.ts')).runInitToken(input, terminal),
});

export const ceremony = defineGroup({
  name: 'ceremony',
  summary: 'Make CA keys and certificates by one reviewed file.',
  about: ['The file says which keys are made, where they live and what their certificates say.'],
  members: [plan, run, request, install, initToken],
});
