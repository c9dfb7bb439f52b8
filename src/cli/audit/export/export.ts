import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type FormatName, formatNames } from '#export/format-names.ts';
import { writeDurably } from '#keys/durable-file.ts';
import type { Input } from '../../command/command.ts';
import type { Exit } from '../../exit.ts';
import { Failure } from '../../failure.ts';
import { sha256Of } from '../../sha256-of.ts';
import { facts } from '../../terminal/facts.ts';
import { plain } from '../../terminal/plain.ts';
import type { Progress } from '../../terminal/progress.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { demandOne } from '../log-source.ts';
import { openSigned, type SignedLog } from '../signed-log.ts';
import { openTrusted, readTrust } from '../trust.ts';
import { isPacked, type Manifest, manifestBeside, writeManifest } from './manifest.ts';
import { type ExportFilter, exportFilters, type exportOptions } from './options.ts';
import { beginState, PartFile, readState, stateBeside } from './part-file.ts';
import { checkpointOf, formatOf, makePlan } from './plan.ts';
import { rowsOf } from './rows.ts';
import { filterTexts } from './select.ts';

type ExportInput = Input<typeof exportOptions>;

/** Steps between two saves of how far it came: what a crash costs. */
const stepsASave = 8;

const nothing = { rows: [], hashes: [], dropped: 0 } as const;

export async function runExport(input: ExportInput, terminal: Terminal): Promise<Exit> {
  const { options, home } = input;
  const file = options.out;
  if (file === undefined) throw new Failure('usage', 'say where it goes: -o FILE');
  demandOne(options);
  const log = await openSigned(options, home);
  if (log === undefined)
    throw new Failure(
      'input',
      `${options.store ?? home.log}: there is no published log, and no checkpoint`,
      'give --log DIR, or --store FILE, a configuration that names its PostgreSQL',
    );
  let manifest: Manifest;
  try {
    manifest = await exportTo(file, await stateFor(file, input, log), log, terminal);
  } finally {
    await log.close();
  }
  if (options.json) {
    const { rows, dropped, from, to, complete } = manifest;
    const missing = dropped !== undefined && { dropped };
    terminal.printJson({ file, rows, ...missing, from, to, complete, manifest: manifestBeside(file) });
  } else terminal.print(told(file, manifest, terminal));
  return 'ok';
}

/** Where this file was left, or the beginning. Throws Failure where something else is there already. */
async function stateFor(file: string, { options, home }: ExportInput, log: SignedLog) {
  const name: FormatName = formatNames.find((each) => each === options.format) ?? 'jsonl';
  const typed = exportFilters.flatMap((filter): [ExportFilter, string][] => {
    const text = options[filter];
    return text === undefined ? [] : [[filter, text]];
  });
  const asked = JSON.stringify([name, ...typed]);
  const left = readState(file);
  const trust = readTrust(options, home);
  if (left === undefined) {
    const there = [file, manifestBeside(file)].find((each) => existsSync(each));
    if (there !== undefined) throw new Failure('input', `${there}: exists already`);
    const note = log.trustedNote(trust);
    const filters = filterTexts(Object.fromEntries(typed), Date.now());
    return beginState(asked, await makePlan(log, note, name, filters));
  }
  if (left.asked !== asked)
    throw new Failure(
      'input',
      `${stateBeside(file)}: another export was begun here`,
      'ask for the same format and filters to go on with it, or remove it to begin anew',
    );
  openTrusted(left.plan.checkpoint, trust, stateBeside(file));
  if (left.plan.to > log.size || log.size < checkpointOf(left.plan).size)
    throw new Failure('no', `${log.name}: has ${log.size} entries, fewer than when this export was begun`);
  return left;
}

async function exportTo(
  file: string,
  state: ReturnType<typeof beginState>,
  log: SignedLog,
  terminal: Terminal,
): Promise<Manifest> {
  const { plan } = state;
  const { holdsEntries } = formatOf(plan);
  await using part = await PartFile.open(file, state);
  using progress = terminal.progress(`exporting ${log.name}`);
  if (!state.whole) await write(part, log, progress);
  await part.finish(holdsEntries);
  const manifest = await manifestOf(part);
  await writeDurably(manifestBeside(file), writeManifest(manifest));
  await part.forget();
  return manifest;
}

async function write(part: PartFile, log: SignedLog, progress: Progress): Promise<void> {
  const { plan, next } = part.state;
  const { edge } = part;
  const format = formatOf(plan);
  const encoding = format.open();
  const packed = isPacked(part.file);
  const pack = packed ? inMember : (octets: Uint8Array) => octets;
  if (part.state.octets === 0) await part.add(pack(encoding.head), { ...nothing, next });
  let steps = 0;
  for await (const step of rowsOf(log, plan, { format, encoding }, edge, next)) {
    await part.add(pack(Buffer.concat(step.rows.map(({ octets }) => octets))), step);
    steps++;
    if (steps % stepsASave === 0 && 'row' in format) await part.save(edge);
    progress.at(step.next - plan.from, plan.to - plan.from);
  }
  await part.add(pack(encoding.end()), { ...nothing, next: plan.to });
  // Nothing at all is no gzip file.
  if (part.state.octets === 0 && packed) await part.add(gzipSync(''), { ...nothing, next: plan.to });
  await part.save(edge, true);
}

/** A gzip file is a row of members, each whole by itself: so it can go on after a crash. */
const inMember = (octets: Uint8Array) => (octets.length === 0 ? octets : gzipSync(octets));

async function manifestOf({ file, state }: PartFile): Promise<Manifest> {
  const { plan, rows, dropped = 0, octets } = state;
  const { origin } = checkpointOf(plan);
  const found = { file: basename(file), octets, sha256: await sha256Of(file), rows, ...(dropped > 0 && { dropped }) };
  return { countersignExport: 1, ...found, origin, ...plan, complete: plan.complete && dropped === 0 };
}

function completeness(complete: boolean, dropped: number | undefined): string {
  if (complete) return 'yes: each of them has a row';
  return dropped === undefined ? 'not claimed: rows were chosen' : 'no: the archive has what was dropped (--archive)';
}

function told(file: string, { rows, dropped, from, to, complete, format }: Manifest, { style }: Terminal): string {
  const list = facts(
    [
      ['format', format],
      ['rows', `${rows}`],
      ['of entries', from === to ? 'none' : `${from} to ${to - 1}`],
      [
        'dropped',
        dropped === undefined ? undefined : `${dropped} of them: the hash alone is left, and there is no row`,
      ],
      ['complete', completeness(complete, dropped)],
      ['manifest', plain(manifestBeside(file))],
    ],
    style,
  );
  return `${style.good('exported')}  ${plain(file)}\n${list}`;
}
