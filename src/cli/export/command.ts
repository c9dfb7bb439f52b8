import { defineCommand, defineGroup } from '../command/command.ts';
import { statusOptions, testOptions } from './options.ts';

const test = defineCommand({
  name: 'test',
  summary: 'Try a sink of the configuration from here, and say what is wrong with it.',
  about: [
    'Sends the newest published record, which the sink has anyhow or will have: a repetition with the same id, nothing made up. Of a sink of files only the folder is tried; in a bucket the record lies below PREFIX/_test/. No cursor moves, and a server may run beside it.',
    'Secrets and certificates are read as the server reads them: run it as the same user, where the server runs.',
  ],
  operands: [{ name: 'SINK', help: 'its name under exports', required: true }],
  options: testOptions,
  examples: [
    { type: 'export test siem', to: 'after it was configured' },
    { type: 'export test siem --config staged.yaml --json', to: 'before it is, in a script' },
  ],
  exits: {
    ok: 'the sink took it',
    no: 'the sink answered, and will never take such a record',
    input: 'the configuration is missing or wrong, or there is no published record to send',
    unavailable: 'the sink did not answer, or not as one that takes records; stderr says how',
  },
  run: async (input, terminal) => (await import('./test.ts')).runTest(input, terminal),
});

const status = defineCommand({
  name: 'status',
  summary: 'How far each sink of the configuration has come.',
  about: [
    'Reads the cursors, beside a running server or without one. Why a sink stands still is in the log of the server that delivers, and in its metrics.',
  ],
  operands: [],
  options: statusOptions,
  examples: [
    { type: 'export status', to: 'see what each sink lacks' },
    { type: 'export status --json', to: 'the same for a script' },
  ],
  exits: {
    ok: 'told, also where a sink is behind',
    input: 'the configuration or a cursor is missing or wrong, or no log is published yet',
    unavailable: "the log's database cannot be reached",
  },
  run: async (input, terminal) => (await import('./status.ts')).runStatus(input, terminal),
});

export const exportGroup = defineGroup({
  name: 'export',
  summary: 'The sinks that the log is brought to while the server runs.',
  about: ['docs/siem.md says what each sink promises, and how it is configured.'],
  members: [test, status],
});
