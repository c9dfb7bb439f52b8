import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { placeBatch } from '../batch.ts';
import { fault } from '../fault.ts';
import type { GrowingTree } from '../growing-tree.ts';
import type { Committed } from '../writer-messages.ts';
import { asInteger } from './columns.ts';
import { putDisclosures } from './disclosures.ts';
import { pieces } from './pieces.ts';
import { headOf } from './postgres-tree.ts';
import { Remembered } from './remembered.ts';
import type { Session } from './session.ts';
import { statements } from './statements.ts';

/** One batch of one replica. */
export interface Batch {
  readonly packed: ArrayBuffer;
  /** UUID by which it is looked up. */
  readonly id: string;
  /** Of the replica's clock, ms. */
  readonly now: number;
  /** Counted from the batch's first record. */
  readonly disclosures: readonly PlacedDisclosure[];
}

export interface Appended extends Committed {
  readonly remembered: Remembered;
  /** The tree to go on with, should nobody else come between. */
  readonly tree: GrowingTree;
}

/** COMMIT was sent, and what became of it is not known. */
export class InDoubt extends Error {
  override readonly name = 'InDoubt';
}

/** What a replica knows of the tree, with its growing edge while that is sure to be what is stored. */
export interface Known {
  readonly remembered: Remembered;
  readonly tree?: GrowingTree;
}

/**
 * Adds a batch to the one tree: the tree's row is locked first, so that all replicas take turns and each finds what the one
 * before it has committed. Rejects with InDoubt where the batch may stand, with anything else where it does not.
 */
export async function appendBatch(session: Session, writer: string, batch: Batch, known: Known): Promise<Appended> {
  const [row] = await session.begin(statements.lockHead);
  const before = headOf(row);
  const isOurs = known.tree?.size === before.size && Buffer.compare(known.remembered.head.root, before.root) === 0;
  const tree =
    isOurs && known.tree !== undefined ? known.tree : await Remembered.read(session, before, known.remembered);
  // Time never runs backwards in a tree, whichever replica's clock is behind.
  const time = Math.max(batch.now, before.time);
  const entries = placeBatch(batch.packed, before.size, new Date(time).toISOString());
  for (const entry of entries) tree.append(entry);
  const head = { size: tree.size, root: tree.root(), time };
  const [bodies, tiles] = [entries, tree.takeChanged()];
  const placed = pieces(bodies);
  const hashes = pieces(tiles.map((tile) => tile.hashes));
  await session.query(statements.write, [
    before.size,
    placed.octets,
    placed.starts,
    placed.lengths,
    hashes.octets,
    tiles.map(({ level }) => level),
    tiles.map(({ n }) => n),
    hashes.starts,
    hashes.lengths,
    writer,
    batch.id,
    entries.length,
    head.size,
    head.root,
    head.time,
  ]);
  await putDisclosures(session, before.size, batch.disclosures);
  fault('batch.inserted');
  try {
    await session.commit();
  } catch (cause) {
    throw new InDoubt(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return { first: before.size, head, remembered: new Remembered(head, tree), tree };
}

/**
 * Whether a batch whose COMMIT was not answered stands: then where; undefined when it does not and never will.
 *
 * The transaction that it was sent in held the lock on the tree's row from before the batch was written until it ended. So
 * whoever gets that lock knows that it has ended, also where the server had not yet noticed that our connection is gone, or
 * the COMMIT was still on its way to it; and what it committed is seen before its lock is free. Without COMMIT nothing of it
 * can come later: only the connection that is gone could have sent it.
 *
 * Our own lock writes to the server's log, and its commit waits for the standbys that the server is told to wait for. What
 * we found was committed before it, and so has reached them as well, even if the wait for that one was cut short.
 */
export async function settle(session: Session, writer: string, id: string): Promise<Committed | undefined> {
  const [row] = await session.begin(statements.lockHead);
  const head = headOf(row);
  const [found] = await session.query(statements.batch, [writer, id]);
  await session.commit();
  return found === undefined ? undefined : { first: asInteger(found.first, "a batch's first index"), head };
}
