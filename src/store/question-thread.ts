import { parentPort, Worker } from 'node:worker_threads';
import { StoreError, type StoreProblem, storeProblem } from './store-error.ts';

interface Asked<Question> {
  /** Absent when nobody waits for the answer. */
  readonly id?: number;
  readonly question: Question;
}

type Answered<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly refused: StoreProblem }
  | { readonly id: number; readonly failed: string };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/** A thread that answers questions in the order in which they come, as the event loop sees it. */
export class QuestionThread<Question, Answer> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #next = 0;
  #ended: Error | undefined;

  constructor(module: URL, workerData: unknown) {
    this.#worker = new Worker(module, { workerData });
    this.#worker.on('message', (message: Answered<Answer>) => this.#heard(message));
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => this.#end(new Error('the thread that was asked has ended')));
  }

  /** Rejects with StoreError, or with a plain Error of the thread's message. */
  ask(question: Question): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, question });
    });
  }

  /** Says something that is not answered. */
  tell(question: Question): void {
    if (this.#ended === undefined) this.#post({ question });
  }

  /** Asks the last question, after which the thread ends by itself. */
  async close(question: Question): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.ask(question);
    await exited;
  }

  #post(asked: Asked<Question>): void {
    this.#worker.postMessage(asked);
  }

  #heard(message: Answered<Answer>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('answer' in message) waiting?.resolve(message.answer);
    else if ('refused' in message) waiting?.reject(StoreError.of(message.refused));
    else waiting?.reject(new Error(message.failed));
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** The thread's own side: one question after the other, until `isLast` holds for one. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
  isLast: (question: Question) => boolean,
  serially: Serially = inOrder(),
): void {
  if (parentPort === null) throw new Error('questions are answered in a worker thread');
  const port = parentPort;
  port.on('message', ({ id, question }: Asked<Question>) => {
    void serially(async () => {
      const answered = await tryToAnswer(id ?? -1, () => answer(question));
      if (id !== undefined) port.postMessage(answered);
      if (isLast(question)) port.close();
    });
  });
}

/** Runs what it is given one after the other. */
export type Serially = <T>(work: () => Promise<T>) => Promise<T>;

export function inOrder(): Serially {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

async function tryToAnswer<Answer>(id: number, answer: () => Answer | Promise<Answer>): Promise<Answered<Answer>> {
  try {
    return { id, answer: await answer() };
  } catch (thrown) {
    if (thrown instanceof StoreError) return { id, refused: storeProblem(thrown) };
    return { id, failed: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
