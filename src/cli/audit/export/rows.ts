import { skip } from '#audit/cover.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { leafHash, type RightEdge } from '#audit/merkle.ts';
import type { Encoding, Format } from '#export/format.ts';
import { Failure } from '../../failure.ts';
import type { SignedLog } from '../signed-log.ts';
import { checkpointOf, type Plan } from './plan.ts';
import { filtersOf, isWhole, matcherOf } from './select.ts';

/** Entries that are looked at in one step; a multiple of a bundle. */
const stride = 1_024;

interface Row {
  readonly index: number;
  readonly octets: Uint8Array;
}

export interface Step {
  readonly rows: readonly Row[];
  /** Entries of which only the hash is left. */
  readonly dropped: number;
  /** Roots that stand for the entries between the rows, in the order of the log. */
  readonly hashes: readonly Uint8Array[];
  /** The first entry that was not looked at yet. */
  readonly next: number;
}

/**
 * The rows of a plan from entry `next` on; `edge` is the tree up to the last row before it. When the last step is taken
 * every row has been shown to be under the signed root. Of what was dropped nobody can say whether it would have had a row: it
 * is counted. Throws Failure `no` where the log does not bear it out.
 */
export async function* rowsOf(
  log: SignedLog,
  plan: Plan,
  { format, encoding }: { readonly format: Format; readonly encoding: Encoding },
  edge: RightEdge,
  next: number,
): AsyncGenerator<Step> {
  const { origin, size, root } = checkpointOf(plan);
  const matches = isWhole(plan.filters) ? () => true : matcherOf(filtersOf(plan.filters));
  for (let at = next; at < plan.to; ) {
    const to = Math.min(at - (at % stride) + stride, plan.to);
    const rows: Row[] = [];
    const hashes: Uint8Array[] = [];
    let dropped = 0;
    for (const [i, octets] of (await log.entries(at, to)).entries()) {
      const index = at + i;
      if (octets === undefined) {
        dropped++;
        continue;
      }
      const entry = entryAt(log, index, octets);
      if (!format.takes(entry) || !matches(octets)) continue;
      hashes.push(...(await skip(edge, index, log.hashes)));
      const leaf = leafHash(octets);
      edge.append(leaf);
      rows.push({
        index,
        octets: encoding.add({ entry, octets, leafHash: leaf, origin, checkpointSize: size }),
      });
    }
    at = to;
    yield { rows, dropped, hashes, next: at };
  }
  const rest = await skip(edge, size, log.hashes);
  if (Buffer.compare(edge.root(), root) !== 0)
    throw new Failure('no', `${log.name}: what was read is not under the root that its checkpoint signs`, verifyHint);
  yield { rows: [], dropped: 0, hashes: rest, next: plan.to };
}

const verifyHint = '`countersign audit verify` names the file and the entry';

function entryAt(log: SignedLog, index: number, octets: Uint8Array): Entry {
  try {
    const entry = decodeEntry(octets);
    if (entry.seq === index) return entry;
    throw new Failure('no', `${log.name}: entry ${index} says that it is entry ${entry.seq}`);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('no', `${log.name}: entry ${index} is ${cause.message}`, verifyHint, { cause });
  }
}
