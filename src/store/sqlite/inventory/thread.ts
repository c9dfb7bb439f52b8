import { workerData } from 'node:worker_threads';
import { answerQuestions } from '../../question-thread.ts';
import { openForReading } from '../database.ts';
import { StoredTree } from '../stored-tree.ts';
import { givesWay } from './give-way.ts';
import type { InventoryAnswer, InventoryData, InventoryQuestion } from './messages.ts';
import { Projection } from './projection.ts';
import { findCertificate, listRecords } from './questions.ts';
import { openInventoryFile } from './tables.ts';

/** The thread of the inventory: follows the log in large steps, and catches up before it answers. */
const data: InventoryData = workerData;

const logDatabase = openForReading(data.log);
const log = new StoredTree(logDatabase);
const database = openInventoryFile(data.file, data.origin, log.head().size);
const projection = new Projection(database, log);
let timer: NodeJS.Timeout | undefined;
let seen = { size: log.head().size, at: performance.now() };

answerQuestions(answer, (question) => question.kind === 'close');

/** One step, then room for questions, then the next. A step that fails is taken again: nothing of it has stayed. */
function follow(): void {
  let more = true;
  let wait = 0;
  try {
    const { size } = log.head();
    if (isStorm(size)) wait = data.interval;
    else more = projection.step(size);
  } catch {
    wait = data.interval;
  }
  timer = more ? setTimeout(follow, wait) : undefined;
}

function isStorm(size: number): boolean {
  const now = performance.now();
  const storm = givesWay(size - seen.size, now - seen.at, size - projection.position);
  seen = { size, at: now };
  return storm;
}

function answer(question: InventoryQuestion): InventoryAnswer {
  switch (question.kind) {
    case 'find':
      catchUp();
      return { kind: 'found', indexes: findCertificate(database, log, question.name) };
    case 'list':
      catchUp();
      return { kind: 'listed', records: listRecords(database, question.filter), upTo: projection.position };
    case 'grown':
      timer ??= setTimeout(follow, 0);
      return { kind: 'done' };
    case 'position':
      return { kind: 'position', position: projection.position };
    case 'close':
      clearTimeout(timer);
      database.close();
      logDatabase.close();
      return { kind: 'done' };
  }
}

/** An answer that leaves out what was durable before it was asked for would be a wrong answer. */
function catchUp(): void {
  const { size } = log.head();
  while (projection.step(size));
}
