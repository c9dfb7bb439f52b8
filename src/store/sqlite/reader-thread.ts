import { workerData } from 'node:worker_threads';
import { answerReader } from '../answer-reader.ts';
import { Publication } from '../publication.ts';
import { answerQuestions } from '../question-thread.ts';
import type { ReaderQuestion } from '../reader-messages.ts';
import { openForReading } from './database.ts';
import { StoredTree } from './stored-tree.ts';
import type { SqliteReaderData } from './thread-data.ts';

/** The thread that reads the log: proofs, entries, and the published directory. It never writes to the store. */
const data: SqliteReaderData = workerData;

const database = openForReading(data.database);
const tree = new StoredTree(database);
const publication = new Publication(tree, data.publicDirectory, data.guard);

answerQuestions(
  (question: ReaderQuestion) => answerReader(tree, publication, { log: data, question, close: () => database.close() }),
  (question) => question.kind === 'close',
);
