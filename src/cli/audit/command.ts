import { questionNames } from '#audit/questions/catalogue.ts';
import { defineCommand, defineGroup } from '../command/command.ts';
import { askOptions } from './ask-options.ts';
import { exportRecords, verifyExport } from './export/command.ts';
import { checkOptions, listOptions, makeKeyOptions, proveOptions, redactOptions, verifyOptions } from './options.ts';
import { replayOptions } from './replay-options.ts';

const verify = defineCommand({
  name: 'verify',
  summary: 'Check a published log from its directory and its public key alone, offline.',
  about: [
    'Reads every entry and checks: canonical form, its place, its time, its leaf hash, every tile, the root, and the signature of the checkpoint. What does not fit is named by file and entry.',
    'What was whole all along may yet be another whole than it was: with --kept it is held against what you have seen before. Only that finds a log that was rewritten, or set back, by somebody who has its key.',
    'Without DIR the whole log of the home is checked: what is published, what the server last signed, its store, and each against the others.',
  ],
  operands: [{ name: 'DIR', help: 'the published log', required: false }],
  options: verifyOptions,
  examples: [
    { type: 'audit verify /mnt/log-copy --key log.vkey', to: 'as an auditor, with a copy of the directory' },
    { type: 'audit verify /mnt/log-copy --key log.vkey --kept october/checkpoint', to: 'the next time' },
    { type: 'audit verify --home DIR --json', to: "the home's log, beside a running server" },
  ],
  exits: {
    ok: 'every octet follows from the entries, and the key signed it',
    no: 'something does not fit; file and entry are on stdout',
    input: 'the directory or the key cannot be read',
  },
  run: async (input, terminal) => (await import('./verify.ts')).runVerify(input, terminal),
});

const list = defineCommand({
  name: 'list',
  summary: 'List records, newest first.',
  about: [
    'Reads the store of the home, running server or not; with --log a published directory. Records are shown as they stand: `audit verify` proves them.',
  ],
  operands: [],
  options: listOptions,
  examples: [
    { type: 'audit list --outcome denied --since 1h', to: 'what was refused in the last hour, and why' },
    { type: 'audit list --identity ns/payments/ --json --limit 1000', to: 'for a script' },
  ],
  exits: {
    ok: 'also when nothing matches',
    input: 'there is no log, or a filter is malformed',
    no: 'the store is damaged',
  },
  run: async (input, terminal) => (await import('./list.ts')).runList(input, terminal),
});

const ask = defineCommand({
  name: 'ask',
  summary: 'Ask the log a question by its name, such as who held a certificate at a moment.',
  about: [
    'Without NAME all questions are listed: what each asks, and which option it needs. Any other filter narrows it.',
    'The answer covers all that is in the log by now. It is found in the inventory beside the store (audit/inventory-N.db, made again from the log whenever it is missing) and shown from the log itself, each row with its leaf index; --proof proves the rows.',
  ],
  operands: [{ name: 'NAME', help: 'the question', required: false, choices: questionNames }],
  options: askOptions,
  examples: [
    { type: 'audit ask', to: 'what can be asked' },
    {
      type: 'audit ask held --identity spiffe://cluster.local/ns/demo/sa/web --at 2026-11-21T14:03:00Z',
      to: 'who held a certificate for it at 14:03',
    },
    { type: 'audit ask most-refused --since 1d', to: 'who was refused most since yesterday, and why' },
    {
      type: 'audit ask rate --namespace payments --since 2h',
      to: 'requests by minute, with a sparkline in a terminal',
    },
    { type: 'audit ask signed-by --issuer mesh --since 2026-11-20 --proof evidence', to: 'all of it, proven' },
  ],
  exits: {
    ok: 'also when nothing matches',
    input: 'there is no log',
    no: 'the store is damaged',
    unavailable: 'with --proof: a record is not published yet; or the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./ask.ts')).runAsk(input, terminal),
});

const replay = defineCommand({
  name: 'replay',
  summary: 'Prove that nothing was issued outside policy: decide all of it again, from the log alone.',
  about: [
    'Verifies the log, and on the way takes each issuance in it: who asked, for what, when. Each is decided again under the policy set that its record names, as the log has it, and what was issued is held against that permit, octet by octet, by the lint that it passed before it was released; its signature is checked.',
    'What no policy decides is named and counted: our own TLS certificates, our own intermediates, ceremonies, approvals. Rates are not counted again: they hang on all that was asked for at the time.',
    'With --policies it asks of all certificates that hold now which of them these policies would refuse: what stops being renewed if they are put in force tomorrow.',
  ],
  operands: [],
  options: replayOptions,
  examples: [
    { type: 'audit replay', to: "the whole of the home's log" },
    {
      type: 'audit replay --log /mnt/log-copy --key log.vkey --since 90d --json',
      to: 'as an auditor, the last quarter',
    },
    { type: 'audit replay --policies stricter/', to: 'who has to be warned before the policies are raised?' },
  ],
  exits: {
    ok: 'all of it fits; with --policies: nothing would be refused',
    no: 'something does not fit: index, rule and difference are on stdout; or the log is not verified; with --policies: something would be refused',
    input: 'there is no log, or a file cannot be read',
    unavailable: 'the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./replay.ts')).runReplay(input, terminal),
});

const redact = defineCommand({
  name: 'redact',
  summary: 'Erase values that are kept beside the log: its records hold digests of them, and stay as they are.',
  about: [
    'Finds what audit.redactable has kept apart, in one record or wherever it is TEXT, and asks the server of the home to erase it: a running one does it within seconds, one that is stopped when it starts. The log says first which fields of which records go, in a record log.redacted, never what they were.',
    'Nothing brings a value back. Backups and standbys of the store have it until they go.',
  ],
  operands: [],
  options: redactOptions,
  examples: [
    { type: 'audit redact --index 4711 --field peer.ip', to: 'one field of one record' },
    { type: 'audit redact --subject kari@example.org --requested-by dpo', to: 'wherever a person is named' },
  ],
  exits: {
    ok: 'the server was asked; nothing is erased before it says so in the log',
    no: 'nothing is kept that would go; or the store is damaged',
    input: 'there is no log, or the configuration cannot be read',
    unavailable: 'the database of the log does not answer',
  },
  run: async (input, terminal) => (await import('./redact.ts')).runRedact(input, terminal),
});

const certificateOperand = {
  name: 'CERT',
  help: 'PEM or DER; of a chain the first certificate counts',
  required: true,
} as const;

const check = defineCommand({
  name: 'check',
  summary: 'Does the log hold this certificate, or all of these?',
  about: [
    'Looks for the exact certificate, by the SHA-256 of its octets. When the published log covers its record already, the proof of inclusion is checked up to the signed checkpoint as well.',
    'With --proof no log is needed: the proof, the certificate and the key of the log say it all.',
    'Of several files, of folders, and with --each, every certificate counts that an issuer of ours has signed, and the log is read once for all of them. One that it does not hold was issued behind its back: it is named on stderr, and the exit is 1. Proofs are not checked then.',
  ],
  operands: [
    { ...certificateOperand, required: false, many: true, help: `${certificateOperand.help}; or files, folders` },
  ],
  options: checkOptions,
  examples: [
    { type: 'audit check svid/cert-chain.pem && echo logged', to: 'in a script' },
    { type: 'audit check leaf.pem --log /mnt/log-copy --key log.vkey', to: 'against a copy' },
    { type: 'audit check leaf.pem --proof leaf.tlog-proof --key log.vkey', to: 'offline, years later' },
    { type: 'audit check --json /var/spool/seen', to: 'a folder of whatever was seen on the network' },
    {
      type: 'audit check --hashes - < x509-fingerprints.txt',
      to: 'SHA-256 of certificates, as a network monitor logs them',
    },
  ],
  exits: {
    ok: 'the log holds it, or all of them',
    no: 'the log does not hold it, or one of them, or cannot prove it; the proof does not hold, or proves something else',
    input: 'the certificate, the log or the proof cannot be read',
  },
  run: async (input, terminal) => (await import('./check.ts')).runCheck(input, terminal),
});

const prove = defineCommand({
  name: 'prove',
  summary: 'Write a tlog-proof that the log holds this certificate.',
  about: [
    "The proof is one small text file (C2SP tlog-proof): the entry, its way to the root, the signed checkpoint. With the key of the log it answers the question offline, for years: `audit check --proof`, or anybody else's program. Whoever gets it reads the record: who asked, from where, under which rule.",
  ],
  operands: [certificateOperand],
  options: proveOptions,
  examples: [{ type: 'audit prove svid/cert-chain.pem --out web.tlog-proof', to: 'file it with the certificate' }],
  exits: {
    ok: 'the proof is written, and was checked',
    no: 'the log does not hold the certificate, or cannot prove it',
    input: 'the certificate or the log cannot be read',
    unavailable: 'its record is not published yet; a running server publishes within a second',
  },
  run: async (input, terminal) => (await import('./prove.ts')).runProve(input, terminal),
});

const makeKey = defineCommand({
  name: 'make-key',
  summary: 'Make the key that signs the checkpoints of a new log.',
  about: [
    'An Ed25519 key as PKCS#8, for audit.key.file in the configuration. A key that is there stays: a volume that is used again has it already. For another key make another file, and name this one under audit.previousKeys.',
  ],
  operands: [{ name: 'FILE', help: 'where it goes; only its owner can read it', required: true }],
  options: makeKeyOptions,
  examples: [{ type: 'audit make-key audit/log.key', to: 'before the first start' }],
  exits: {
    ok: 'it is there, made now or before',
    input: 'what is there is no Ed25519 key, or others can read it; it is left alone',
  },
  run: async (input, terminal) => (await import('./make-key.ts')).runMakeKey(input, terminal),
});

export const audit = defineGroup({
  name: 'audit',
  summary: 'Verify, search and prove the tamper-evident log.',
  about: ['Every decision is one entry of an RFC 6962 tree, published as C2SP tiles.'],
  members: [verify, list, ask, replay, check, prove, exportRecords, verifyExport, redact, makeKey],
});
