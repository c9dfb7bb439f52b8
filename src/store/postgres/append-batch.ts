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

/** The batch was sent, and what became of it is not known. */
export class InDoubt extends Error {
  override readonly name = 'InDoubt';
}

/** What a replica knows of the tree. */
export interface Known {
  readonly remembered: Remembered;
  /** Whether nobody else came between its last two batches. */
  readonly alone: boolean;
}

/**
 * Adds a batch to the one tree. Rejects with InDoubt where the batch may stand, with anything else where it does not.
 *
 * A replica that seems to be alone with the tree sends all of it at once, and the database writes it if the tree is still
 * the one that the batch was made for. Otherwise the tree's row is locked first, so that all replicas take turns and each finds
 * what the one before it has committed.
 */
export async function appendBatch(session: Session, writer: string, batch: Batch, known: Known): Promise<Appended> {
  const appended = known.alone ? await appendAlone(session, writer, batch, known.remembered) : undefined;
  return appended ?? appendInTurn(session, writer, batch, known.remembered);
}

/** Undefined where somebody else came first; then nothing was written. */
async function appendAlone(
  session: Session,
  writer: string,
  batch: Batch,
  seen: Remembered,
): Promise<Appended | undefined> {
  const grown = grow(seen.tree(), seen.head, writer, batch);
  const [written] = await decided(session.transact(...grown.statements));
  if (!wasWritten(written)) return undefined;
  return { ...grown.committed, known: { remembered: grown.remembered, alone: true } };
}

async function appendInTurn(session: Session, writer: string, batch: Batch, seen: Remembered): Promise<Appended> {
  const [[row] = [], added = []] = await session.begin(lockHead, seen.added());
  return appendLocked(session, writer, batch, seen, { head: headOf(row), added });
}

/**
 * Adds a batch of which it is not known whether it stands, unless it does.
 *
 * What it was sent in changes the tree's row, if the tree is the one that it was made for, and holds that row until it ends. So
 * whoever gets the row locked sees what it committed, also where the server had not yet noticed that our connection is gone; and
 * where the batch is not there by then, it can no longer come: the one that is added here, under the same lock, makes it
 * another tree.
 *
 * Our own lock writes to the server's log, and its commit waits for the standbys that the server is told to wait for. What
 * we found was committed before it, and so has reached them as well, even if the wait for that one was cut short.
 */
export async function appendOnce(session: Session, writer: string, batch: Batch, seen: Remembered): Promise<Appended> {
  const lookUp = { text: statements.batch, values: [writer, batch.id] };
  const [[row] = [], added = [], [found] = []] = await session.begin(lockHead, seen.added(), lookUp);
  const head = headOf(row);
  if (found === undefined) return appendLocked(session, writer, batch, seen, { head, added });
  await session.commit();
  const first = asInteger(found.first, "a batch's first index");
  return { first, head, known: { remembered: seen, alone: false } };
}

/** With the tree's row locked: the head that it says, and the answer to what others have added. */
async function appendLocked(
  session: Session,
  writer: string,
  batch: Batch,
  seen: Remembered,
  { head, added }: { readonly head: Head; readonly added: readonly Row[] },
): Promise<Appended> {
  const tree = seen.grown(added, head) ?? Remembered.read(await session.query(Remembered.edge(seen)), head, seen);
  const grown = grow(tree, head, writer, batch);
  const [written] = await decided(session.commit(...grown.statements));
  if (!wasWritten(written)) throw new StoreError('damaged', "the tree's head changed while its row was locked");
  return { ...grown.committed, known: { remembered: grown.remembered, alone: seen.head.size === head.size } };
}

const lockHead: Statement = { text: statements.lockHead, values: [] };

/** The batch behind the tree's last entry, and what writes it. */
function grow(
  tree: GrowingTree,
  before: Head,
  writer: string,
  batch: Batch,
): { committed: Committed; remembered: Remembered; statements: readonly Statement[] } {
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
    remembered: new Remembered(head, tree),
    statements: [
      { text: statements.write, values },
      ...(disclosures.length > 0 ? [putBatchDisclosures(before.size, disclosures, writer, batch.id)] : []),
    ],
  };
}

function wasWritten(rows: readonly Row[] | undefined): boolean {
  return rows?.[0]?.written === 1;
}

/** With the batch on its way to the database. */
async function decided<T>(sent: Promise<T>): Promise<T> {
  fault('batch.inserted');
  try {
    return await sent;
  } catch (thrown) {
    if (thrown instanceof Rejected) throw thrown;
    throw new InDoubt(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}
