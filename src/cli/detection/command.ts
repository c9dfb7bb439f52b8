import { defineCommand, defineGroup } from '../command/command.ts';
import { flag } from '../command/options.ts';
import { replayOptions, rulesHelp } from './options.ts';

const rules = { name: 'FILE', help: rulesHelp, required: false, many: true } as const;

const test = defineCommand({
  name: 'test',
  summary: 'Read watch rules and run the cases that stand beside them.',
  about: [
    'Every problem of every file is listed as file:line:column. The server runs the same cases when it loads rules, and keeps the old ones when one fails.',
    'Each case is a short log of its own, and the alerts that this one rule makes of it.',
  ],
  operands: [rules],
  options: { json: flag('one JSON object: {"setId", "rules", "passed", "failed", "cases": [...]}') },
  examples: [{ type: 'detection test policies/detection', to: 'in CI' }],
  exits: {
    ok: 'every case passes',
    no: 'a case fails; its rule and name are on stdout',
    input: 'a rule cannot be used; stderr says why',
  },
  run: async (input, terminal) => (await import('./test.ts')).runTest(input, terminal),
});

const sigma = defineCommand({
  name: 'sigma',
  summary: 'Write watch rules as Sigma rules, for whoever watches in a system of their own.',
  about: [
    'Documents of YAML go to stdout: rules of Sigma, and its correlations where something is counted. Their fields are those of the Elastic Common Schema, as `ecs` exports have them. `quiet` has no place there.',
    'A record that stands for several counts as one there.',
  ],
  operands: [rules],
  options: {},
  examples: [
    { type: 'detection sigma policies/detection/key-of-two-identities.yaml > sigma.yml', to: 'for sigma-cli' },
  ],
  exits: {
    ok: 'all of them are written',
    no: 'some cannot be said in Sigma; which, and why, is on stderr',
    input: 'a rule cannot be used',
  },
  run: async (input, terminal) => (await import('./sigma.ts')).runSigma(input, terminal),
});

const replay = defineCommand({
  name: 'replay',
  summary: 'Run watch rules over the log as it is: what would they have told?',
  about: [
    'Verifies the log, and on the way lets the rules see each record, as a server does that has always watched by them. Nothing is recorded. Try rules so before they watch: a rule that alerts every day is read by nobody.',
  ],
  operands: [],
  options: replayOptions,
  examples: [
    { type: 'detection replay --rules policies/detection --since 30d', to: 'what would a month have brought?' },
    { type: 'detection replay --rules mine.yaml --log /mnt/log-copy --key log.vkey --json', to: 'over a copy' },
  ],
  exits: {
    ok: 'also when there are alerts',
    no: 'the log is not verified',
    input: 'there is no log, or a rule cannot be used',
    unavailable: 'the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./replay.ts')).runReplay(input, terminal),
});

export const detection = defineGroup({
  name: 'detection',
  summary: 'Test rules that watch the log, and try them on its past.',
  about: ['A watch rule is one YAML document that says which records make an alert.'],
  members: [test, replay, sigma],
});
