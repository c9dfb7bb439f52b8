import { consistencyProof, type HashSource, inclusionProof } from '#audit/merkle-proof.ts';
import { planDrop } from './drop-plan.ts';
import type { LogIdentity } from './guard.ts';
import type { Publication } from './publication.ts';
import type { ReaderAnswer, ReaderQuestion } from './reader-messages.ts';
import { overHashes } from './tree-hashes.ts';
import type { TreeView } from './tree-view.ts';

interface Asked {
  readonly log: LogIdentity;
  readonly question: ReaderQuestion;
  readonly close: () => void | Promise<void>;
  /** Where bodies are dropped by this thread, and by one of several replicas. */
  readonly dropping?: Dropping;
}

interface Dropping {
  lead(): Promise<boolean>;
  /** True while there is more. */
  drop(record: number): Promise<boolean>;
  erase(record: number): Promise<void>;
}

/** An embedded store has one server, whose writing thread drops. */
const alone: Dropping = {
  lead: async () => true,
  drop: () => Promise.reject(new Error('the thread that writes drops')),
  erase: () => Promise.reject(new Error('the thread that writes erases')),
};

/** What the reading thread of every engine answers; `close` lets go of what it reads from. */
export async function answerReader(
  tree: TreeView,
  publication: Pick<Publication, 'open' | 'writeTiles' | 'writeCheckpoint' | 'keepSigned' | 'withdraw'>,
  { log, question, close, dropping = alone }: Asked,
): Promise<ReaderAnswer> {
  switch (question.kind) {
    case 'open':
      return { kind: 'opened', ...(await publication.open(log)) };
    case 'tiles':
      return { kind: 'tiles', ...(await publication.writeTiles()) };
    case 'signed':
      await publication.keepSigned(question.size, question.note);
      return { kind: 'done' };
    case 'checkpoint':
      await publication.writeCheckpoint(question.size, question.note);
      return { kind: 'done' };
    case 'head':
      return { kind: 'head', head: await tree.head() };
    case 'entry': {
      const entry = await tree.entry(question.index);
      return { kind: 'entries', entries: entry === undefined ? [] : [entry] };
    }
    case 'entries': {
      const { size } = await tree.head();
      return { kind: 'entries', entries: await tree.entries(question.from, Math.min(question.to, size)) };
    }
    case 'plan':
      return { kind: 'planned', ...(await planDrop(tree, question.group, question.below, question.until)) };
    case 'dropped':
      return { kind: 'dropped', ranges: (await tree.dropped()).records };
    case 'withdraw':
      return { kind: 'more', more: await publication.withdraw() };
    case 'drop':
      return { kind: 'more', more: await dropping.drop(question.record) };
    case 'erase':
      await dropping.erase(question.record);
      return { kind: 'more', more: false };
    case 'lead':
      return { kind: 'more', more: await dropping.lead() };
    case 'inclusion':
      return prove(tree, question.size, (hashes) => inclusionProof(hashes, question.index, question.size));
    case 'consistency':
      return prove(tree, question.newer, (hashes) => consistencyProof(hashes, question.older, question.newer));
    case 'close':
      await close();
      return { kind: 'done' };
  }
}

async function prove(
  tree: TreeView,
  needed: number,
  proof: (hashes: HashSource) => Uint8Array[],
): Promise<ReaderAnswer> {
  const { size } = await tree.head();
  if (needed > size) throw new RangeError(`the log has ${size} records, not ${needed}`);
  return { kind: 'hashes', hashes: await overHashes(tree, proof) };
}
