import { defineCommand, defineGroup } from '../command/command.ts';
import { makeOptions, verifyOptions } from './options.ts';

const make = defineCommand({
  name: 'make',
  summary: 'Write what the log says to the controls of the usual standards in a period, for an auditor.',
  about: [
    'Reads and verifies the whole log once, decides again what was issued in the period, and writes a folder: index.html and evidence.pdf to be read, evidence.json, records and proofs to be checked. Interruptions, refusals and whatever does not fit stand on the first page.',
    'The same log, period and version give the same octets: whoever has a copy of the log can make it again and compare. `make` may be left out.',
  ],
  operands: [],
  options: makeOptions,
  examples: [
    { type: 'evidence make --period Q3 -o q3', to: 'the last third quarter, at the machine of the CA' },
    {
      type: 'evidence make --period 2026-Q3 --log copy --key log.vkey --kept q2/checkpoint --draw "rain on Tuesday" -o q3',
      to: 'as an auditor, with samples that nobody could know before',
    },
  ],
  exits: {
    ok: 'it is written, also where something is found: that stands on its first page',
    no: 'the log is not verified, or has not the witnesses that were asked for: nothing is written',
    input: 'there is no published log, or the folder is there already',
    unavailable: 'the database of the log does not answer, or nothing of it was signed yet',
  },
  run: async (input, terminal) => (await import('./make.ts')).runMake(input, terminal),
});

const verify = defineCommand({
  name: 'verify',
  summary: 'Check a pack of evidence against itself and the key of the log, offline.',
  about: [
    'Shows that no file was altered; that each record and each proof in it leads to the signed checkpoint; that counts, samples and rules follow from these records; and that the pages say what evidence.json says.',
    'What was left out, and what was decided again, is shown with the log at hand alone: make the pack again, and compare.',
  ],
  operands: [{ name: 'DIR', help: 'the pack', required: true }],
  options: verifyOptions,
  examples: [{ type: 'evidence verify q3 --key log.vkey', to: 'with nothing else at hand' }],
  exits: {
    ok: 'all of it holds',
    no: 'something was altered, left out or added; stdout says what',
    input: 'the folder or the key cannot be read, or another version wrote the pack',
  },
  run: async (input, terminal) => (await import('./verify.ts')).runVerify(input, terminal),
});

export const evidence = defineGroup({
  name: 'evidence',
  summary: 'What the log proves to an auditor, in a folder to be handed over.',
  about: ['Which standards and controls it speaks of, and how to read and check it: docs/evidence.md.'],
  usual: 'make',
  members: [make, verify],
});
