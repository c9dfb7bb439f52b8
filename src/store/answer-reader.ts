import { consistencyProof, type HashSource, inclusionProof } from '#audit/merkle-proof.ts';
import type { LogIdentity } from './guard.ts';
import type { Publication } from './publication.ts';
import type { ReaderAnswer, ReaderQuestion } from './reader-messages.ts';
import { overHashes } from './tree-hashes.ts';
import type { TreeView } from './tree-view.ts';

/** What the reading thread of every engine answers; `close` lets go of what it reads from. */
export async function answerReader(
  tree: TreeView,
  publication: Pick<Publication, 'open' | 'writeTiles' | 'writeCheckpoint'>,
  { log, question, close }: { log: LogIdentity; question: ReaderQuestion; close: () => void | Promise<void> },
): Promise<ReaderAnswer> {
  switch (question.kind) {
    case 'open':
      return { kind: 'opened', ...(await publication.open(log)) };
    case 'tiles':
      return { kind: 'tiles', ...(await publication.writeTiles()) };
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
