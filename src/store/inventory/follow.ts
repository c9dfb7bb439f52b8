import { answerQuestions, inOrder } from '../question-thread.ts';
import type { TreeView } from '../tree-view.ts';
import { answerAsked } from './ask/answer.ts';
import { givesWay } from './give-way.ts';
import type { InventoryAnswer, InventoryData, InventoryQuestion } from './messages.ts';
import { removeOlder } from './place.ts';
import { Projection } from './projection.ts';
import { findCertificate, listRecords } from './questions.ts';
import { openInventoryFile } from './tables.ts';

/** ms after a question in which it stays at hand, whatever else the machine has to do: who asks once asks again. */
const askedMs = 60_000;
/** ms between two looks at the log meanwhile: a question finds that much to be taken in. */
const lookMs = 50;

/** What the inventory's thread does on every engine: follows the log in large steps, and catches up before it answers. */
export async function followLog(
  log: TreeView,
  data: InventoryData,
  closeLog: () => void | Promise<void>,
): Promise<void> {
  const begin = (await log.head()).size;
  const database = openInventoryFile(data.file, data.origin, begin);
  removeOlder(data.file);
  const projection = new Projection(database, log);
  const serially = inOrder();
  let seen = { size: begin, at: performance.now() };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  const isAsked = () => performance.now() - askedAt < askedMs;

  /** One step, then room for questions, then the next. A step that fails is taken again: nothing of it has stayed. */
  async function follow(): Promise<void> {
    let more = true;
    let wait = 0;
    try {
      const { size } = await log.head();
      if (isStorm(size)) wait = data.interval;
      else if (!((await projection.step(size)) || projection.forget())) {
        more = isAsked();
        wait = lookMs;
      }
    } catch {
      wait = data.interval;
    }
    timer = more && !closed ? setTimeout(take, wait) : undefined;
  }
  function take(): void {
    void serially(async () => {
      if (!closed) await follow();
    });
  }

  function isStorm(size: number): boolean {
    const now = performance.now();
    const storm = !isAsked() && givesWay(size - seen.size, now - seen.at, size - projection.position);
    seen = { size, at: now };
    return storm;
  }

  /** An answer that leaves out what was durable before it was asked for would be a wrong answer. */
  async function catchUp(): Promise<void> {
    askedAt = performance.now();
    timer ??= setTimeout(take, lookMs);
    const { size } = await log.head();
    while (await projection.step(size));
  }

  async function answer(question: InventoryQuestion): Promise<InventoryAnswer> {
    switch (question.kind) {
      case 'find':
        await catchUp();
        return { kind: 'found', indexes: await findCertificate(database, log, question.name) };
      case 'list':
        await catchUp();
        return { kind: 'listed', records: listRecords(database, question.filter), upTo: projection.position };
      case 'ask':
        await catchUp();
        return { kind: 'answered', answer: await answerAsked(database, log, question.asked, projection.position) };
      case 'grown':
        timer ??= setTimeout(take, 0);
        return { kind: 'done' };
      case 'position':
        return { kind: 'position', position: projection.position };
      case 'close':
        closed = true;
        clearTimeout(timer);
        database.close();
        await closeLog();
        return { kind: 'done' };
    }
  }

  answerQuestions(answer, (question) => question.kind === 'close', serially);
}
