import type { DatabaseSync } from 'node:sqlite';
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

interface Begun {
  readonly database: DatabaseSync;
  readonly projection: Projection;
}

/** What the inventory's thread does on every engine: follows the log in large steps, and catches up before it answers. */
export function followLog(log: TreeView, data: InventoryData, closeLog: () => void | Promise<void>): void {
  const serially = inOrder();
  let begun: Begun | undefined;
  let seen = { size: 0, at: 0 };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  const isAsked = () => performance.now() - askedAt < askedMs;

  /** At once; where the log is away just then, with the next step or question. */
  async function begin(): Promise<Begun> {
    if (begun !== undefined) return begun;
    const { size } = await log.head();
    const database = openInventoryFile(data.file, data.origin, size);
    removeOlder(data.file);
    seen = { size, at: performance.now() };
    begun = { database, projection: new Projection(database, log) };
    return begun;
  }

  /** One step, then room for questions, then the next. A step that fails is taken again: nothing of it has stayed. */
  async function follow(): Promise<void> {
    let more = true;
    let wait = 0;
    try {
      const { projection } = await begin();
      const { size } = await log.head();
      if (isStorm(size, projection.position)) wait = data.interval;
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

  function isStorm(size: number, position: number): boolean {
    const now = performance.now();
    const storm = !isAsked() && givesWay(size - seen.size, now - seen.at, size - position);
    seen = { size, at: now };
    return storm;
  }

  /** An answer that leaves out what was durable before it was asked for would be a wrong answer. */
  async function catchUp(): Promise<Begun> {
    askedAt = performance.now();
    timer ??= setTimeout(take, lookMs);
    const caught = await begin();
    const { size } = await log.head();
    while (await caught.projection.step(size));
    return caught;
  }

  async function answer(question: InventoryQuestion): Promise<InventoryAnswer> {
    switch (question.kind) {
      case 'find': {
        const { database } = await catchUp();
        return { kind: 'found', indexes: await findCertificate(database, log, question.name) };
      }
      case 'list': {
        const { database, projection } = await catchUp();
        return { kind: 'listed', records: listRecords(database, question.filter), upTo: projection.position };
      }
      case 'ask': {
        const { database, projection } = await catchUp();
        return { kind: 'answered', answer: await answerAsked(database, log, question.asked, projection.position) };
      }
      case 'grown':
        timer ??= setTimeout(take, 0);
        return { kind: 'done' };
      case 'position':
        return { kind: 'position', position: (await begin()).projection.position };
      case 'close':
        closed = true;
        clearTimeout(timer);
        begun?.database.close();
        await closeLog();
        return { kind: 'done' };
    }
  }

  serially(begin).catch(() => {});
  answerQuestions(answer, (question) => question.kind === 'close', serially);
}
