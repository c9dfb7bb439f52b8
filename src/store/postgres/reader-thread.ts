import { workerData } from 'node:worker_threads';
import { answerReader } from '../answer-reader.ts';
import { answerQuestions } from '../question-thread.ts';
import type { ReaderQuestion } from '../reader-messages.ts';
import { Dropping } from './dropping.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import { SharedPublication } from './shared-publication.ts';
import type { PostgresReaderData } from './thread-data.ts';

/** The thread that reads the log: proofs, entries, and this replica's published directory. */
const data: PostgresReaderData = workerData;

const sessions = new Redial(data.settings);
const tree = new PostgresTree(sessions.dial);
const publication = new SharedPublication(sessions.dial, data.publicDirectory, data.guard);
const dropping = new Dropping(sessions.dial, data.settings.schema);

answerQuestions(
  (question: ReaderQuestion) =>
    answerReader(tree, publication, { log: data, question, dropping, close: () => sessions.close() }),
  (question) => question.kind === 'close',
);
