import type { Head } from './head.ts';
import type { PublishTarget } from './publisher.ts';
import { QuestionThread } from './question-thread.ts';
import type { PublishData, ReaderAnswer, ReaderQuestion, TakenUp } from './reader-messages.ts';

/** The event loop's side of the reading thread. */
export class Reader implements PublishTarget {
  readonly #thread: QuestionThread<ReaderQuestion, ReaderAnswer>;

  /** `module` is the engine's own thread. */
  constructor(module: URL, data: PublishData) {
    this.#thread = new QuestionThread(module, data);
  }

  async opened(): Promise<TakenUp> {
    const answer = await this.#thread.ask({ kind: 'open' });
    return answer.kind === 'opened' ? answer : wrong(answer);
  }

  async writeTiles(): Promise<{ size: number; root: Uint8Array }> {
    const answer = await this.#thread.ask({ kind: 'tiles' });
    return answer.kind === 'tiles' ? answer : wrong(answer);
  }

  async writeCheckpoint(size: number, note: string): Promise<void> {
    await this.#thread.ask({ kind: 'checkpoint', size, note });
  }

  async head(): Promise<Head> {
    const answer = await this.#thread.ask({ kind: 'head' });
    return answer.kind === 'head' ? answer.head : wrong(answer);
  }

  async entries(question: ReaderQuestion): Promise<Uint8Array[]> {
    const answer = await this.#thread.ask(question);
    return answer.kind === 'entries' ? [...answer.entries] : wrong(answer);
  }

  async hashes(question: ReaderQuestion): Promise<Uint8Array[]> {
    const answer = await this.#thread.ask(question);
    return answer.kind === 'hashes' ? [...answer.hashes] : wrong(answer);
  }

  close(): Promise<void> {
    return this.#thread.close({ kind: 'close' });
  }
}

function wrong(answer: ReaderAnswer): never {
  throw new Error(`the reading thread answered with ${answer.kind}`);
}
