import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { placeBatch } from '../batch.ts';
import { fault } from '../fault.ts';
import type { GrowingTree } from '../growing-tree.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import type { Committed } from '../writer-messages.ts';
import { asInteger } from './columns.ts';
import { putBatchDisclosures } from './disclosures.ts';
import { pieces } from './pieces.ts';
import { headOf } from './postgres-tree.ts';
import { Remembered } from './remembered.ts';
import { Rejected, type Row, type Session, type Statement } from './session.ts';
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
  readonly known: Known;
}

/** COMMIT was sent, and what became of it is not known. */
export class InDoubt extends Error {
  override readonly name = 'InDoubt';
}

/** What a replica knows of the tree; the tree itself where nobody else came between its last two batches. */
export interface Known {
  readonly remembered: Remembered;
  readonly tree?: GrowingTree;
}

/**
 * Adds a batch to the one tree. Rejects with InDoubt where the batch may stand, with anything else where it does not.
 *
 * A replica that seems to be alone with the tree sends everything at once, and the database writes it if the tree is still
 * the one that the batch was made for. Otherwise the tree's row is locked first, so that all replicas take turns and each finds
 * what the one before it has committed.
 */
export async function appendBatch(session: Session, writer: string, batch: Batch, known: Known): Promise<Appended> {
  const { remembered, tree } = known;
  const appended = tree && (await appendAlone(session, writer, batch, { remembered, tree }));
  return appended ?? appendInTurn(session, writer, batch, remembered);
}

/** Undefined where somebody else came first; then nothing was written, and the tree has grown in vain. */
async function appendAlone(
  session: Session,
  writer: string,
  batch: Batch,
  { remembered, tree }: Required<Known>,
): Promise<Appended | undefined> {
  const grown = grow(tree, remembered.head, writer, batch);
  const sent = session.transact(lockHead, ...grown.statements);
  const [, written] = await decided(sent);
  if (!wasWritten(written)) return undefined;
  return { ...grown.committed, known: { remembered: new Remembered(grown.committed.head, tree), tree } };
}

async function appendInTurn(session: Session, writer: string, batch: Batch, seen: Remembered): Promise<Appended> {
  const [[row] = [], edge = []] = await session.begin(lockHead, Remembered.edge(seen));
  const before = headOf(row);
  const tree = Remembered.read(edge, before, seen);
  const grown = grow(tree, before, writer, batch);
  const [written] = await decided(session.commit(...grown.statements));
  if (!wasWritten(written)) throw new StoreError('damaged', "the tree's head changed while its row was locked");
  const remembered = new Remembered(grown.committed.head, tree);
  const isAlone = seen.head.size === before.size;
  return { ...grown.committed, known: { remembered, ...(isAlone && { tree }) } };
}

const lockHead: Statement = { text: statements.lockHead, values: [] };

/** The batch behind the tree's last entry, and what writes it. */
function grow(
  tree: GrowingTree,
  before: Head,
  writer: string,
  batch: Batch,
): { committed: Committed; statements: readonly Statement[] } {
  // Time never runs backwards in a tree, whichever replica's clock is behind.
  const time = Math.max(batch.now, before.time);
  const entries = placeBatch(batch.packed, before.size, new Date(time).toISOString());
  for (const entry of entries) tree.append(entry);
  const head = { size: tree.size, root: tree.root(), time };
  const [bodies, tiles] = [pieces(entries), tree.takeChanged()];
  const hashes = pieces(tiles.map((tile) => tile.hashes));
  const values = [
    before.size,
    bodies.octets,
    bodies.starts,
    bodies.lengths,
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
    before.root,
  ];
  const { disclosures } = batch;
  return {
    committed: { first: before.size, head },
    statements: [
      { text: statements.write, values },
      ...(disclosures.length > 0 ? [putBatchDisclosures(before.size, disclosures, writer, batch.id)] : []),
    ],
  };
}

function wasWritten(rows: readonly Row[] | undefined): boolean {
  return rows?.[0]?.written === 1;
}

/** With COMMIT on its way to the database. */
async function decided<T>(sent: Promise<T>): Promise<T> {
  fault('batch.inserted');
  try {
    return await sent;
  } catch (thrown) {
    if (thrown instanceof Rejected) throw thrown;
    throw new InDoubt(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
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
  const [[row] = []] = await session.begin(lockHead);
  const head = headOf(row);
  const [found] = await session.query(statements.batch, [writer, id]);
  await session.commit();
  return found === undefined ? undefined : { first: asInteger(found.first, "a batch's first index"), head };
}
