import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from '#audit/questions/answer.ts';
import { indexesOf } from '#audit/questions/ask-whole.ts';
import { formatTlogProof } from '#audit/tlog-proof.ts';
import { writeDurably } from '#keys/durable-file.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openSigned } from './signed-log.ts';
import { type FilteredTrustOptions, readTrust } from './trust.ts';

interface ProofInput {
  readonly home: Home;
  readonly options: FilteredTrustOptions;
}

/**
 * A tlog-proof for each row, as DIR/INDEX.tlog-proof, checked before it is written. Throws Failure `unavailable` where a
 * record is not published yet: those before it are written by then.
 */
export async function writeProofs(
  answer: Answer,
  directory: string,
  { home, options }: ProofInput,
  terminal: Terminal,
): Promise<void> {
  const trust = readTrust(options, home);
  const published = await openSigned({ log: undefined, store: undefined }, home);
  if (published === undefined) throw new Failure('unavailable', 'nothing of this log is published yet');
  const indexes = indexesOf(answer);
  await mkdir(directory, { recursive: true });
  try {
    for (const index of indexes.toSorted((a, b) => a - b)) {
      if (index >= published.size)
        throw new Failure(
          'unavailable',
          `entry ${index} is recorded and not published yet: the checkpoint covers ${published.size}`,
        );
      await writeDurably(join(directory, `${index}.tlog-proof`), formatTlogProof(await published.prove(index, trust)));
    }
  } finally {
    await published.close();
  }
  terminal.note(`${indexes.length} proofs written to ${directory}`);
}
