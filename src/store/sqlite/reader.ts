import { Worker } from 'node:worker_threads';
import { StoreError } from '../store-error.ts';
import type { FromReader, ReaderAnswer, ReaderData, ReaderQuestion, ToReader } from './reader-messages.ts';

interface Asked {
  readonly resolve: (answer: ReaderAnswer) => void;
  readonly reject: (reason: Error) => void;
}

/** The event loop's side of the reading thread: questions and answers, matched by number. */
export class Reader {
  readonly #worker: Worker;
  readonly #asked = new Map<number, Asked>();
  #next = 0;
  #ended: Error | undefined;

  constructor(data: ReaderData) {
    this.#worker = new Worker(new URL('./reader-thread.ts', import.meta.url), { workerData: data });
    this.#worker.on('message', ({ id, answer }: FromReader) => {
      this.#asked.get(id)?.resolve(answer);
      this.#asked.delete(id);
    });
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => this.#end(new Error('the thread that reads the log has ended')));
  }

  async opened(): Promise<{ size: number; note: string | undefined }> {
    const answer = await this.#ask({ kind: 'open' });
    return answer.kind === 'opened' ? answer : wrong(answer);
  }

  async writeTiles(): Promise<{ size: number; root: Uint8Array }> {
    const answer = await this.#ask({ kind: 'tiles' });
    return answer.kind === 'tiles' ? answer : wrong(answer);
  }

  async writeCheckpoint(size: number, note: string): Promise<void> {
    await this.#ask({ kind: 'checkpoint', size, note });
  }

  async entries(question: ReaderQuestion): Promise<Uint8Array[]> {
    const answer = await this.#ask(question);
    return answer.kind === 'entries' ? [...answer.entries] : wrong(answer);
  }

  async hashes(question: ReaderQuestion): Promise<Uint8Array[]> {
    const answer = await this.#ask(question);
    return answer.kind === 'hashes' ? [...answer.hashes] : wrong(answer);
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.#ask({ kind: 'close' });
    await exited;
  }

  async #ask(question: ReaderQuestion): Promise<ReaderAnswer> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#next++;
    const answer = await new Promise<ReaderAnswer>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      const message: ToReader = { id, question };
      this.#worker.postMessage(message);
    });
    if (answer.kind === 'refused') {
      const { code, message, index } = answer.problem;
      throw new StoreError(code, message, index);
    }
    if (answer.kind === 'failed') throw new Error(answer.message);
    return answer;
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#asked.values()) reject(this.#ended);
    this.#asked.clear();
  }
}

function wrong(answer: ReaderAnswer): never {
  throw new Error(`the reading thread answered with ${answer.kind}`);
}
