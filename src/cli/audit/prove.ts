import { existsSync } from 'node:fs';
import { formatTlogProof, type TlogProof } from '#audit/tlog-proof.ts';
import { writeDurably } from '#keys/durable-file.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { certificateSha256, findCertificate } from './find-certificate.ts';
import { openSource } from './log-source.ts';
import type { proveOptions } from './options.ts';
import { openSigned } from './signed-log.ts';
import { readTrust, type Trust } from './trust.ts';

type ProveInput = Input<typeof proveOptions>;

export async function runProve(input: ProveInput, terminal: Terminal): Promise<Exit> {
  const { options, home } = input;
  const trust = readTrust(options, home);
  const index = await indexOf(input, terminal);
  const proof = formatTlogProof(await proofOf(index, trust, input));
  if (options.out === undefined) {
    terminal.print(proof.trimEnd());
    return 'ok';
  }
  await writeDurably(options.out, proof);
  terminal.note(`entry ${index}: proof written to ${options.out}`);
  return 'ok';
}

async function proofOf(index: number, trust: Trust, { options, home }: ProveInput): Promise<TlogProof> {
  const log = options.log ?? (existsSync(home.log) ? home.log : undefined);
  const published = await openSigned({ log, store: options.store }, home);
  if (published === undefined) throw new Failure('unavailable', `entry ${index} is recorded and not published yet`);
  try {
    if (index < published.size) return await published.prove(index, trust);
    throw new Failure(
      'unavailable',
      `entry ${index} is recorded and not published yet: the checkpoint covers ${published.size}`,
    );
  } finally {
    await published.close();
  }
}

async function indexOf({ operands, options, home }: ProveInput, terminal: Terminal): Promise<number> {
  const sha256 = certificateSha256(operands[0] ?? '-');
  const source = await openSource(options, home);
  try {
    using progress = terminal.progress(`searching ${source.name}`);
    const found = await findCertificate(source, sha256, progress);
    if (found === undefined)
      throw new Failure('no', `not in the log: none of its ${source.size} entries is of this certificate`);
    return found.index;
  } finally {
    await source.close();
  }
}
