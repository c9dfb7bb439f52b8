import { existsSync, readFileSync } from 'node:fs';
import { openCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { parseVkeys } from '#audit/vkey.ts';
import type { Input } from '../../command/command.ts';
import type { Exit } from '../../exit.ts';
import { Failure } from '../../failure.ts';
import { sha256Of } from '../../sha256-of.ts';
import { facts } from '../../terminal/facts.ts';
import { plain } from '../../terminal/plain.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { demandOne } from '../log-source.ts';
import { openSigned, type SignedLog } from '../signed-log.ts';
import { demandWitnesses, readTrust, type Trust } from '../trust.ts';
import { makeAgain } from './make-again.ts';
import { hashesBeside, type Manifest, manifestBeside, readManifest } from './manifest.ts';
import type { verifyExportOptions } from './options.ts';
import { formatOf, isComplete } from './plan.ts';
import { proveRows } from './prove-rows.ts';
import { filtersOf } from './select.ts';

type VerifyInput = Input<typeof verifyExportOptions>;

/** What was shown: all entries of the range, or that those that are there are in the log. */
interface Shown {
  readonly rows: number;
  /** No entry that the filters choose is missing. */
  readonly complete: boolean;
  readonly by: 'hashes' | 'log';
  /** Those that a trust policy knows. */
  readonly witnesses?: readonly string[];
}

export async function runVerifyExport(input: VerifyInput, terminal: Terminal): Promise<Exit> {
  const [file = ''] = input.operands;
  const path = manifestBeside(file);
  if (!existsSync(file)) throw new Failure('input', `${file}: there is no such file`);
  if (!existsSync(path)) throw new Failure('input', `${path}: there is no manifest beside the export`);
  const manifest = readManifest(readFileSync(path, 'utf8'), path);
  const trust = readTrust(input.options, input.home);
  const log = await logFor(manifest, input);
  try {
    const shown = await show(file, manifest, trust, log, terminal);
    if (input.options.json) terminal.printJson(verdictJson(manifest, shown));
    else terminal.print(verdictText(file, manifest, shown, terminal));
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.exit !== 'no') throw thrown;
    if (input.options.json) terminal.printJson({ verified: false, problem: thrown.message });
    else terminal.print(`${terminal.style.bad('NOT VERIFIED')}  ${plain(file)}\n  ${plain(thrown.message)}`);
    if (thrown.hint !== undefined) terminal.note(terminal.noteStyle.dim(thrown.hint));
    return 'no';
  } finally {
    await log?.close();
  }
}

/** The log to make it again from; undefined where the file and its hashes do. Throws Failure where nothing does. */
async function logFor(manifest: Manifest, { options, home }: VerifyInput): Promise<SignedLog | undefined> {
  demandOne(options);
  const named = options.log ?? options.store;
  if (named === undefined && formatOf(manifest).holdsEntries) return undefined;
  // What had been dropped then has no row, whatever the archive has of it.
  const archive = manifest.dropped === undefined ? options.archive : undefined;
  const log = await openSigned({ ...options, archive }, home);
  if (log !== undefined) return log;
  throw new Failure(
    'usage',
    `${manifest.format} is proven by making it again: give --log DIR or --store FILE; there is no ${named ?? home.log}`,
  );
}

async function show(
  file: string,
  manifest: Manifest,
  trust: Trust,
  log: SignedLog | undefined,
  terminal: Terminal,
): Promise<Shown> {
  const witnesses = demandSigned(manifest, trust);
  using progress = terminal.progress(`verifying ${file}`);
  const by = log === undefined ? 'hashes' : 'log';
  const rows =
    log === undefined
      ? await proveRows(file, hashesOf(file), manifest, (row) => progress.at(row, manifest.rows))
      : await makeAgain(file, log, manifest, (done, all) => progress.at(done, all));
  if (rows !== manifest.rows) throw new Failure('no', `${file}: has ${rows} rows, its manifest says ${manifest.rows}`);
  const sha256 = await sha256Of(file);
  if (sha256 !== manifest.sha256)
    throw new Failure('no', `${file}: its SHA-256 is ${sha256}, its manifest says ${manifest.sha256}`);
  const complete = manifest.complete || (by === 'log' && manifest.dropped === undefined);
  return { rows, complete, by, ...(trust.policy && { witnesses }) };
}

/** Gives the witnesses of the trust policy that have cosigned. */
function demandSigned(manifest: Manifest, trust: Trust): readonly string[] {
  const { format, filters, complete, dropped, from, to } = manifest;
  filtersOf(filters);
  const isWhole = isComplete(format, filters) && dropped === undefined;
  if (complete !== isWhole || from > to)
    throw new Failure(
      'no',
      'the manifest contradicts itself: "complete", "dropped", "filters", "from" and "to" do not go together',
    );
  try {
    const { origin, note } = openCheckpoint(Buffer.from(manifest.checkpoint), ...parseVkeys(trust.vkey));
    if (origin !== manifest.origin)
      throw new Failure('no', `the manifest names the log ${manifest.origin}, its checkpoint ${origin}`);
    return demandWitnesses(note, trust, 'the manifest');
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('no', `the manifest's ${cause.message}`, undefined, { cause });
  }
}

function hashesOf(file: string): string {
  const path = hashesBeside(file);
  if (!existsSync(path)) throw new Failure('input', `${path}: there is no such file`, 'without it give --log DIR');
  return path;
}

function verdictJson({ format, origin, dropped, from, to }: Manifest, { rows, complete, by, witnesses }: Shown) {
  const missing = dropped !== undefined && { dropped };
  return { verified: true, format, origin, rows, ...missing, from, to, complete, by, ...(witnesses && { witnesses }) };
}

/** Without the log the manifest alone says it: nothing but rows is proven by their hashes. */
const droppedText = (dropped: number, by: Shown['by']) =>
  `${dropped} entries have no row, since only their hashes were left, ${by === 'log' ? 'as in the log' : 'says the manifest'}`;

function verdictText(file: string, manifest: Manifest, shown: Shown, { style }: Terminal): string {
  const { format, origin, from, to, filters, dropped } = manifest;
  const { rows, complete, by, witnesses } = shown;
  const chosen = Object.entries(filters).map(([name, text]) => `--${name} ${plain(text)}`);
  const list = facts(
    [
      ['log', plain(origin)],
      ['format', format],
      ['rows', `${rows}`],
      ['of entries', from === to ? 'none' : `${from} to ${to - 1}`],
      ['filters', chosen.length === 0 ? undefined : chosen.join(' ')],
      ['proven', by === 'log' ? 'made again from the log, octet by octet' : 'each row hashes to its leaf'],
      ['cosigned by', witnesses && plain(witnesses.join(', ') || 'nobody')],
      ['dropped', dropped === undefined ? undefined : droppedText(dropped, by)],
      [
        'complete',
        complete ? 'yes: nothing is missing' : 'not claimed: each row is in the log, and there may be more that match',
      ],
    ],
    style,
  );
  return `${style.good('verified')}  ${plain(file)}\n${list}`;
}
