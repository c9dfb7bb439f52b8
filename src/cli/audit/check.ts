import { existsSync, statSync } from 'node:fs';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { identityOf, serialOf } from './filters.ts';
import { certificateSha256, type FoundRecord, findCertificate } from './find-certificate.ts';
import { openSource } from './log-source.ts';
import type { checkOptions } from './options.ts';
import { provenRecord } from './proof-file.ts';
import { openSigned } from './signed-log.ts';
import { readTrust } from './trust.ts';

type CheckInput = Input<typeof checkOptions>;

/** How far the published log vouches for a record. */
type Proof = { readonly state: 'proven' | 'unproven'; readonly size: number } | { readonly state: 'unpublished' };

export async function runCheck(input: CheckInput, terminal: Terminal): Promise<Exit> {
  if (isMany(input)) return (await import('./check-many.ts')).runCheckMany(input, terminal);
  const sha256 = certificateSha256(input.operands[0] ?? '-');
  if (input.options.proof !== undefined) return checkAgainst(input.options.proof, sha256, input, terminal);
  const source = await openSource(input.options, input.home);
  try {
    using progress = terminal.progress(`searching ${source.name}`);
    const found = await findCertificate(source, sha256, progress);
    const proof = found && (await proofOf(found.index, input));
    if (input.options.json) terminal.printJson(checkJson(sha256, source.size, found, proof));
    else terminal.print(checkText(sha256, source.size, found, proof, terminal));
    return found === undefined ? 'no' : 'ok';
  } finally {
    await source.close();
  }
}

function isMany({ operands, options: { each, hashes } }: CheckInput): boolean {
  const [first] = operands;
  if (hashes !== undefined && first !== undefined)
    throw new Failure('usage', 'give --hashes, or certificates: not both');
  if (hashes !== undefined || operands.length > 1) return true;
  if (first === undefined) throw new Failure('usage', 'name a certificate; - is stdin');
  return each || (first !== '-' && existsSync(first) && statSync(first).isDirectory());
}

/** No log is at hand: the file has to hold by itself, under the key. */
function checkAgainst(file: string, sha256: string, { options, home }: CheckInput, terminal: Terminal): Exit {
  if (options.log !== undefined || options.store !== undefined)
    throw new Failure('usage', 'give --proof, or a log to look into: not both');
  const { origin, size, ...found } = provenRecord(file, sha256, readTrust(options, home));
  const proof = { state: 'proven', size } as const;
  if (options.json) terminal.printJson({ ...checkJson(sha256, size, found, proof), origin });
  else terminal.print(checkText(sha256, size, found, proof, terminal));
  return 'ok';
}

/** Throws Failure `no` where the published log covers the record and does not prove it. */
async function proofOf(index: number, { options, home }: CheckInput): Promise<Proof> {
  const published = await openSigned(options, home);
  if (published === undefined) return { state: 'unpublished' };
  try {
    const { size } = published;
    if (index >= size) return { state: 'unpublished' };
    // Without a key there is nothing to hold the checkpoint against; the answer says so.
    const given = options.key ?? options['trust-policy'];
    if (given === undefined && !existsSync(home.logKey)) return { state: 'unproven', size };
    await published.prove(index, readTrust(options, home));
    return { state: 'proven', size };
  } finally {
    await published.close();
  }
}

function checkText(
  sha256: string,
  size: number,
  found: FoundRecord | undefined,
  proof: Proof | undefined,
  { style }: Terminal,
): string {
  if (found === undefined)
    return `${style.bad('not in the log')}  none of its ${size} entries is of the certificate ${sha256}`;
  const { index, entry } = found;
  const list = facts(
    [
      ['identity', plain(identityOf(entry) ?? '-')],
      ['serial', plain(serialOf(entry) ?? '-')],
      ['recorded', entry.time],
      ['proof', proofWords(proof)],
    ],
    style,
  );
  return `${style.good('in the log')}  entry ${index} of ${size}\n${list}`;
}

function proofWords(proof: Proof | undefined): string {
  if (proof === undefined || proof.state === 'unpublished') return 'none: no published checkpoint covers it yet';
  if (proof.state === 'unproven') return 'not checked: give --key VKEY';
  return `included under the signed checkpoint of ${proof.size} entries`;
}

function checkJson(sha256: string, size: number, found: FoundRecord | undefined, proof: Proof | undefined) {
  if (found === undefined) return { logged: false, sha256, size };
  const { index, entry } = found;
  return {
    logged: true,
    sha256,
    size,
    index,
    time: entry.time,
    type: entry.type,
    published: proof !== undefined && proof.state !== 'unpublished',
    proven: proof?.state === 'proven',
  };
}
