import { defineCommand } from '../../command/command.ts';
import { exportOptions, verifyExportOptions } from './options.ts';

export const exportRecords = defineCommand({
  name: 'export',
  summary: 'Write records to a file for other systems, with a manifest that proves it.',
  about: [
    'Only what the newest checkpoint covers is written, oldest first, from the published log; where no folder of it is here, from the PostgreSQL that holds it. Beside FILE come FILE.manifest.json (what it is, and the signed checkpoint) and, for jsonl, FILE.hashes: with these and the key of the log `audit verify-export` shows that nothing in it was altered and, unless records were chosen by more than their time, that none is missing.',
    'What was interrupted goes on where it was when the same command is given again: nothing is lost, and nothing twice. docs/export.md says what each format holds.',
  ],
  operands: [],
  options: exportOptions,
  examples: [
    { type: 'audit export --since 2026-11-01 --until 2026-11-30 -o november.jsonl.gz', to: 'a month, for the archive' },
    {
      type: 'audit export --type certificate.denied --since 1d -o denied.jsonl',
      to: 'what was refused since yesterday',
    },
  ],
  exits: {
    ok: 'it is written, and every row was found under the signed root',
    no: 'the log does not bear out what its checkpoint signs',
    input: 'there is no published log, FILE exists already, or another export was begun there',
    unavailable: 'the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./export.ts')).runExport(input, terminal),
});

export const verifyExport = defineCommand({
  name: 'verify-export',
  summary: 'Prove an exported file against the signed checkpoint in its manifest.',
  about: [
    'A jsonl file proves itself, by its rows, FILE.hashes and the key of the log. Any other format is made again from the log and compared octet by octet; so is a jsonl file with --log or --store, and then the first row that differs is named.',
    'An export that is cut out of the log by time alone is complete, and shown to be. One that was chosen by other filters proves each row; that no more match is shown with --log or --store only.',
  ],
  operands: [{ name: 'FILE', help: 'the export; its manifest lies beside it', required: true }],
  options: verifyExportOptions,
  examples: [
    { type: 'audit verify-export november.jsonl.gz --key log.vkey', to: 'offline, with nothing else at hand' },
    {
      type: 'audit verify-export november.jsonl.gz --key log.vkey --log /mnt/log-copy',
      to: 'against a copy of the log',
    },
  ],
  exits: {
    ok: 'every row is what the log holds',
    no: 'something was altered, left out or added; stdout says what',
    input: 'the file, its manifest or the key cannot be read, or another version wrote it',
    unavailable: 'the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./verify-export.ts')).runVerifyExport(input, terminal),
});
