import { maxEntryLength } from '#audit/bundle.ts';
import { coverOf } from '#audit/cover.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { hashLength, leafHash, RightEdge } from '#audit/merkle.ts';
import { Failure } from '../../failure.ts';
import { FileOctets } from './octets.ts';
import { checkpointOf, type Plan } from './plan.ts';

/** Which entries were looked at for rows, and the checkpoint that covers them. */
type Looked = Pick<Plan, 'from' | 'to' | 'complete' | 'checkpoint'>;

/**
 * Shows by the file itself that its rows are entries under the signed root, in the order of the log: each row is a leaf, and
 * `hashes` has the roots over all that is between. Gives the number of rows. Throws Failure `no`.
 */
export async function proveRows(
  file: string,
  hashes: string,
  plan: Looked,
  onRow: (rows: number, entry: Entry) => void,
): Promise<number> {
  const { size, root } = checkpointOf(plan);
  const lines = new FileOctets(file);
  const between = new FileOctets(hashes);
  const edge = new RightEdge();
  let rows = 0;
  const skipTo = async (index: number) => {
    for (const { height } of coverOf(edge.size, index)) {
      const hash = await between.take(hashLength);
      if (hash.length < hashLength) throw new Failure('no', `${hashes}: ends before it has led to row ${rows + 1}`);
      edge.appendSubtree(height, hash);
    }
  };
  try {
    for (let line = await lines.line(maxEntryLength); line !== undefined; line = await lines.line(maxEntryLength)) {
      const entry = entryOf(file, rows, line);
      const index = entry.seq;
      const least = plan.complete ? plan.from + rows : Math.max(edge.size, plan.from);
      if (index < least || index >= plan.to || (plan.complete && index !== least))
        throw new Failure('no', `${file}, row ${rows + 1}: is entry ${index}, ${wanted(plan, least)}`);
      await skipTo(index);
      edge.append(leafHash(line));
      rows++;
      onRow(rows, entry);
    }
    if (plan.complete && rows !== plan.to - plan.from)
      throw new Failure(
        'no',
        `${file}: has ${rows} rows; entries ${plan.from} to ${plan.to - 1} are ${plan.to - plan.from}`,
      );
    await skipTo(size);
    if ((await between.take(1)).length > 0) throw new Failure('no', `${hashes}: goes on after the last hash`);
  } finally {
    await lines.close();
    await between.close();
  }
  if (Buffer.compare(edge.root(), root) === 0) return rows;
  throw new Failure(
    'no',
    `${file}: its rows are not those that the checkpoint signs`,
    'with --log DIR the first that differs is named',
  );
}

const wanted = ({ complete, to }: Looked, least: number) =>
  complete ? `where entry ${least} has to be` : `where one from ${least} to ${to - 1} has to be`;

function entryOf(file: string, rows: number, line: Uint8Array): Entry {
  try {
    return decodeEntry(line);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('no', `${file}, row ${rows + 1}: ${cause.message}`, undefined, { cause });
  }
}
