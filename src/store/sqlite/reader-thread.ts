import { workerData } from 'node:worker_threads';
import { consistencyProof, inclusionProof } from '#audit/merkle-proof.ts';
import { Publication } from '../publication.ts';
import { answerQuestions } from '../question-thread.ts';
import type { TreeView } from '../tree-view.ts';
import { openForReading } from './database.ts';
import type { ReaderAnswer, ReaderData, ReaderQuestion } from './reader-messages.ts';
import { StoredTree } from './stored-tree.ts';

/** The thread that reads the log: proofs, entries, and the published directory. It never writes to the store. */
const data: ReaderData = workerData;

const database = openForReading(data.database);
const stored = new StoredTree(database);
const tree: TreeView = {
  size: () => stored.head().size,
  entries: (from, to) => stored.entries(from, to),
  tile: (level, n) => stored.tile(level, n),
  hashes: () => stored.hashes(),
};
const publication = new Publication(tree, data.publicDirectory, data.guard);

answerQuestions(answer, (question) => question.kind === 'close');

function answer(question: ReaderQuestion): ReaderAnswer {
  switch (question.kind) {
    case 'open':
      return { kind: 'opened', ...publication.open(data.origin) };
    case 'tiles':
      return { kind: 'tiles', ...publication.writeTiles() };
    case 'checkpoint':
      publication.writeCheckpoint(question.size, question.note);
      return { kind: 'done' };
    case 'entry': {
      const entry = stored.entry(question.index);
      return { kind: 'entries', entries: entry === undefined ? [] : [entry] };
    }
    case 'entries':
      return { kind: 'entries', entries: stored.entries(question.from, Math.min(question.to, tree.size())) };
    case 'inclusion':
      return { kind: 'hashes', hashes: inclusionProof(withinSize(question.size), question.index, question.size) };
    case 'consistency':
      return { kind: 'hashes', hashes: consistencyProof(withinSize(question.newer), question.older, question.newer) };
    case 'close':
      database.close();
      return { kind: 'done' };
  }
}

function withinSize(size: number) {
  if (size > tree.size()) throw new RangeError(`the log has ${tree.size()} records, not ${size}`);
  return stored.hashes();
}
