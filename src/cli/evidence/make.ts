import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { Evidence } from '#evidence/evidence.ts';
import { Gathering } from '#evidence/gather/gathering.ts';
import { misfits } from '#evidence/pages/findings.ts';
import { type Period, readPeriod } from '#evidence/period.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { demandWitnesses } from '../audit/trust.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Beside, EvidenceLog } from './evidence-log.ts';
import { pagesOf } from './hold-pages.ts';
import { ruling } from './hold-proofs.ts';
import { openLog } from './open-log.ts';
import type { makeOptions } from './options.ts';
import { packFiles } from './pack-files.ts';
import { hashesBetween, proofOf } from './proofs.ts';
import { RowFiles } from './row-files.ts';
import { sumsOf } from './sums.ts';

type MakeInput = Input<typeof makeOptions>;

export async function runMake(input: MakeInput, terminal: Terminal): Promise<Exit> {
  const { options } = input;
  const period = periodOf(options.period);
  const folder = options.out;
  if (folder === undefined) throw new Failure('usage', 'say where it goes: -o DIR');
  if (existsSync(folder)) throw new Failure('input', `${folder}: exists already`);
  const { log, beside } = await openLog(input);
  const part = `${folder}.part`;
  try {
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    using progress = terminal.progress(`gathering ${log.signed.name}`);
    const evidence = await writePack(part, { period, log, beside, word: options.draw }, progress);
    await rename(part, folder);
    tell(folder, evidence, options.json, terminal);
    return 'ok';
  } finally {
    await rm(part, { recursive: true, force: true });
    await log.signed.close();
  }
}

function periodOf(text: string | undefined): Period {
  if (text === undefined) throw new Failure('usage', 'say which period: --period Q3');
  try {
    return readPeriod(text, Date.now());
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Failure('usage', `--period ${cause.message}`, undefined, { cause });
  }
}

interface Wanted {
  readonly period: Period;
  readonly log: EvidenceLog;
  readonly beside: Beside;
  readonly word: string | undefined;
}

/** All files of the pack; the log is read once. */
async function writePack(folder: string, wanted: Wanted, progress: Progress): Promise<Evidence> {
  const { log, beside } = wanted;
  const { evidence, drawn } = await gather(folder, wanted, progress);
  progress.step('proving');
  const proven = new Map(drawn.map((entry) => [entry.seq, entry]));
  for (const index of ruling(evidence.rules)) if (!proven.has(index)) proven.set(index, await entryAt(log, index));
  for (const entry of proven.values()) await write(folder, packFiles.proof(entry.seq), await proofOf(log, entry));
  for (const { checkpoint, note } of beside.kept) await write(folder, packFiles.kept(checkpoint.size), note);
  progress.step('writing');
  await write(folder, packFiles.checkpoint, log.note);
  await write(folder, packFiles.evidence, `${JSON.stringify(evidence, null, 1)}\n`);
  for (const [file, octets] of await pagesOf(evidence)) await write(folder, file, octets);
  await write(folder, packFiles.sums, await sumsOf(folder));
  return evidence;
}

/** Rows and their hashes are written on the way. */
async function gather(
  folder: string,
  { period, log, beside, word }: Wanted,
  progress: Progress,
): Promise<{ readonly evidence: Evidence; readonly drawn: readonly Entry[] }> {
  const { origin, size, note } = log.checkpoint;
  const root = Buffer.from(log.checkpoint.root).toString('base64');
  const witnesses = beside.trust.policy && demandWitnesses(note, beside.trust, log.signed.name);
  const gathering = new Gathering(period, { root, word });
  using files = new RowFiles(folder);
  const hashesOnly = await log.walk(
    (entry) => files.add(entry, gathering.take(entry)),
    (done, all) => progress.at(done, all),
  );
  for (const [name, rows] of files.finish())
    await write(folder, packFiles.hashes(name), await hashesBetween(log, rows));
  const kept = beside.kept.map(({ checkpoint }) => ({
    size: checkpoint.size,
    root: Buffer.from(checkpoint.root).toString('base64'),
  }));
  const about = { origin, size, root, hashesOnly, kept, witnesses };
  return { evidence: gathering.result(about, manifest.version, word), drawn: gathering.drawn };
}

async function entryAt({ signed }: EvidenceLog, index: number): Promise<Entry> {
  const [octets] = await signed.entries(index, index + 1);
  if (octets === undefined) throw new Failure('no', `${signed.name}: entry ${index} is missing`);
  return decodeEntry(octets);
}

async function write(folder: string, file: string, content: string | Uint8Array): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function tell(folder: string, evidence: Evidence, json: boolean, terminal: Terminal): void {
  const { period, log, types } = evidence;
  const records = types.reduce((sum, each) => sum + each.records, 0);
  const wrong = misfits(evidence);
  if (json) {
    terminal.printJson({ folder, period, size: log.size, records, misfits: wrong });
    return;
  }
  const list = facts(
    [
      ['period', `${period.since} to ${period.until}`],
      ['records', `${records} of ${log.size}`],
      ['does not fit', wrong.length === 0 ? 'nothing' : wrong.map(plain)],
    ],
    terminal.style,
  );
  terminal.print(`${terminal.style.good('written')}  ${plain(folder)}\n${list}`);
}
