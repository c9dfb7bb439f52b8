import { rootOf } from '#audit/cover.ts';
import { RightEdge } from '#audit/merkle.ts';
import { Failure } from '../../failure.ts';
import type { SignedLog } from '../signed-log.ts';
import type { Manifest } from './manifest.ts';
import { FileOctets } from './octets.ts';
import { checkpointOf, demandRange, formatOf, type Plan } from './plan.ts';
import { rowsOf } from './rows.ts';

/**
 * Makes an export again from the log and holds the file against it, octet by octet. Gives the number of rows. Throws Failure
 * `no`, which names the first entry whose row differs.
 */
export async function makeAgain(
  file: string,
  log: SignedLog,
  manifest: Manifest,
  onEntry: (done: number, all: number) => void,
): Promise<number> {
  await demandSameTree(log, manifest);
  const format = formatOf(manifest);
  const encoding = format.open();
  const octets = new FileOctets(file);
  const demand = async (expected: Uint8Array, where: string) => {
    if (Buffer.compare(await octets.take(expected.length), expected) !== 0)
      throw new Failure('no', `${file}: ${where} is not what the log gives`);
  };
  let rows = 0;
  let dropped = 0;
  try {
    await demand(encoding.head, 'its beginning');
    for await (const step of rowsOf(log, manifest, { format, encoding }, new RightEdge(), manifest.from)) {
      dropped += step.dropped;
      demandLeft(dropped, manifest, log);
      for (const row of step.rows) {
        await demand(row.octets, `the row of entry ${row.index}`);
        rows++;
      }
      onEntry(step.next - manifest.from, manifest.to - manifest.from);
    }
    await demand(encoding.end(), 'its end');
    if ((await octets.take(1)).length > 0) throw new Failure('no', `${file}: goes on after its last row`);
  } finally {
    await octets.close();
  }
  if (dropped === (manifest.dropped ?? 0)) return rows;
  throw new Failure(
    'no',
    `${file}: its manifest says that ${manifest.dropped} entries were dropped; it were ${dropped}`,
  );
}

/** What was dropped since then cannot be made again. Throws Failure. */
function demandLeft(dropped: number, manifest: Manifest, { name }: SignedLog): void {
  const { dropped: then = 0 } = manifest;
  if (dropped <= then) return;
  const hint =
    then === 0 ? 'its archive has them: --archive DIR' : 'a copy of the log of that time has them: --log DIR';
  throw new Failure(
    'input',
    `${name}: more of it was dropped since this export: it cannot be made again from it`,
    hint,
  );
}

/** The log began with the tree that the manifest's checkpoint signs, and the moments asked for lead to the same entries. */
async function demandSameTree(log: SignedLog, plan: Plan): Promise<void> {
  const { origin, size, root } = checkpointOf(plan);
  if (log.origin !== origin) throw new Failure('no', `${log.name}: is the log ${log.origin}, not ${origin}`);
  if (log.size < size)
    throw new Failure('no', `${log.name}: has ${log.size} entries, the manifest's checkpoint ${size}`);
  if (Buffer.compare(await rootOf(log.hashes, size), root) !== 0)
    throw new Failure('no', `${log.name}: had another root at ${size} entries than the manifest's checkpoint signs`);
  await demandRange(log, size, plan);
}
