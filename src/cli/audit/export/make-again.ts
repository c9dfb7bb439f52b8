import { skip } from '#audit/cover.ts';
import { RightEdge } from '#audit/merkle.ts';
import { Failure } from '../../failure.ts';
import type { SignedLog } from '../signed-log.ts';
import { FileOctets } from './octets.ts';
import { checkpointOf, formatOf, type Plan, rangeIn } from './plan.ts';
import { rowsOf } from './rows.ts';

/**
 * Makes an export again from the log and holds the file against it, octet by octet. Gives the number of rows. Throws Failure
 * `no`, which names the first entry whose row differs.
 */
export async function makeAgain(
  file: string,
  log: SignedLog,
  plan: Plan,
  onEntry: (done: number, all: number) => void,
): Promise<number> {
  await demandSameTree(log, plan);
  const format = formatOf(plan);
  const encoding = format.open();
  const octets = new FileOctets(file);
  const demand = async (expected: Uint8Array, where: string) => {
    if (Buffer.compare(await octets.take(expected.length), expected) !== 0)
      throw new Failure('no', `${file}: ${where} is not what the log gives`);
  };
  let rows = 0;
  try {
    await demand(encoding.head, 'its beginning');
    for await (const step of rowsOf(log, plan, { format, encoding }, new RightEdge(), plan.from)) {
      for (const row of step.rows) {
        await demand(row.octets, `the row of entry ${row.index}`);
        rows++;
      }
      onEntry(step.next - plan.from, plan.to - plan.from);
    }
    await demand(encoding.end(), 'its end');
    if ((await octets.take(1)).length > 0) throw new Failure('no', `${file}: goes on after its last row`);
  } finally {
    await octets.close();
  }
  return rows;
}

/** The log began with the tree that the manifest's checkpoint signs, and the moments asked for lead to the same entries. */
async function demandSameTree(log: SignedLog, plan: Plan): Promise<void> {
  const { origin, size, root } = checkpointOf(plan);
  if (log.origin !== origin) throw new Failure('no', `${log.name}: is the log ${log.origin}, not ${origin}`);
  if (log.size < size)
    throw new Failure('no', `${log.name}: has ${log.size} entries, the manifest's checkpoint ${size}`);
  const edge = new RightEdge();
  await skip(edge, size, log.hashes);
  if (Buffer.compare(edge.root(), root) !== 0)
    throw new Failure('no', `${log.name}: had another root at ${size} entries than the manifest's checkpoint signs`);
  const { from, to } = await rangeIn(log, size, plan.filters);
  if (from !== plan.from || to !== plan.to)
    throw new Failure(
      'no',
      `the manifest speaks of entries ${plan.from} to ${plan.to - 1}; its filters lead to ${from} to ${to - 1}`,
    );
}
