import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { readDocument } from '#document/document.ts';
import { type Evidence, evidenceSchema } from '#evidence/evidence.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { demandWitnesses, readTrust, type Trust } from '../audit/trust.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Said } from './evidence-log.ts';
import { holdPages } from './hold-pages.ts';
import { holdProofs } from './hold-proofs.ts';
import { holdRows } from './hold-rows.ts';
import { holdRules } from './hold-rules.ts';
import type { verifyOptions } from './options.ts';
import { packFiles } from './pack-files.ts';
import { demandSums } from './sums.ts';

/** What was shown. */
interface Held {
  readonly evidence: Evidence;
  readonly rows: number;
  readonly proofs: number;
  /** Of witnesses that the pages name, whether a trust policy was given to know them by. */
  readonly witnesses: 'none named' | 'known' | 'not asked';
}

export async function runVerify(
  { options, operands, home }: Input<typeof verifyOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const [folder = ''] = operands;
  for (const file of [packFiles.sums, packFiles.evidence, packFiles.checkpoint])
    if (!existsSync(join(folder, file)))
      throw new Failure('input', `${folder}: no pack of evidence: it has no ${file}`);
  const trust = readTrust(options, home);
  try {
    const held = await hold(folder, trust, terminal);
    if (options.json) terminal.printJson(heldJson(held));
    else terminal.print(heldText(folder, held, terminal));
    return 'ok';
  } catch (thrown) {
    const problem = thrown instanceof Malformed ? new Failure('no', thrown.message) : thrown;
    if (!(problem instanceof Failure) || problem.exit !== 'no') throw problem;
    if (options.json) terminal.printJson({ verified: false, problem: problem.message });
    else terminal.print(`${terminal.style.bad('NOT VERIFIED')}  ${plain(folder)}\n  ${plain(problem.message)}`);
    return 'no';
  }
}

async function hold(folder: string, trust: Trust, terminal: Terminal): Promise<Held> {
  using progress = terminal.progress(`verifying ${folder}`);
  await demandSums(folder);
  const path = join(folder, packFiles.evidence);
  const evidence = readDocument(readFileSync(path, 'utf8'), path, evidenceSchema);
  if (evidence.program !== manifest.version)
    throw new Failure(
      'input',
      `${path}: was made by version ${evidence.program}, and this is ${manifest.version}`,
      'take the version that made it',
    );
  const said = demandSigned(folder, evidence, trust);
  progress.step('proofs');
  const proofs = holdProofs(folder, evidence, said);
  progress.step('rows');
  const rows = await holdRows(folder, evidence, proofs, said.note, (done) => progress.at(done, 0));
  holdRules(evidence, proofs);
  progress.step('pages');
  await holdPages(folder, evidence);
  const named = evidence.witnesses !== undefined;
  const witnesses = named ? (trust.policy === undefined ? 'not asked' : 'known') : 'none named';
  return { evidence, rows, proofs: proofs.size, witnesses };
}

/** The log's key has signed what the pack speaks of, and what it was shown to continue. */
function demandSigned(folder: string, evidence: Evidence, trust: Trust): Said {
  const { checkpoint, note } = signedIn(folder, packFiles.checkpoint, trust);
  const witnesses = demandWitnesses(checkpoint.note, trust, packFiles.checkpoint);
  const { log, kept } = evidence;
  demand(log.origin === checkpoint.origin && log.size === checkpoint.size && log.root === rootOf(checkpoint), 'log');
  if (trust.policy !== undefined) demand(witnesses.join('\n') === evidence.witnesses?.join('\n'), 'witnesses');
  for (const { size, root } of kept) {
    const { checkpoint: earlier } = signedIn(folder, packFiles.kept(size), trust);
    demand(earlier.size === size && rootOf(earlier) === root, 'kept');
  }
  return { checkpoint, note };
}

function signedIn(folder: string, file: string, trust: Trust): Said {
  const path = join(folder, file);
  if (!existsSync(path)) throw new Failure('no', `${file}: is missing`);
  const octets = readFileSync(path);
  return { checkpoint: openCheckpoint(octets, ...parseVkeys(trust.vkey)), note: octets.toString('utf8') };
}

const rootOf = ({ root }: ReadCheckpoint) => Buffer.from(root).toString('base64');

function demand(holds: boolean, member: string): void {
  if (!holds) throw new Failure('no', `${packFiles.evidence}: "${member}" is not what its checkpoint says`);
}

const heldJson = ({ evidence: { log, period }, rows, proofs, witnesses }: Held) => ({
  verified: true,
  origin: log.origin,
  size: log.size,
  period,
  rows,
  proofs,
  witnesses,
});

function heldText(folder: string, held: Held, { style }: Terminal): string {
  const { evidence, rows, proofs, witnesses } = held;
  const { log, period } = evidence;
  const list = facts(
    [
      ['log', plain(log.origin)],
      ['checkpoint', `${log.size} records`],
      ['period', `${period.since} to ${period.until}`],
      ['rows', `${rows}, each under the signed root`],
      ['proofs', `${proofs}`],
      ['witnesses', witnesses === 'not asked' ? 'the pages name some: give --trust-policy to know them by' : undefined],
      ['not shown', 'that nothing was left out, and what was decided again: make it again from the log, and compare'],
    ],
    style,
  );
  return `${style.good('verified')}  ${plain(folder)}\n${list}`;
}
