import type { DroppedRange } from '#audit/dropped.ts';
import type { DropPlan } from './drop-plan.ts';
import type { Head } from './head.ts';
import type { PublishTarget } from './publisher.ts';
import { QuestionThread } from './question-thread.ts';
import type { PublishData, ReaderAnswer, ReaderQuestion, TakenUp } from './reader-messages.ts';
import type { Bodies } from './tree-view.ts';

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

  async keepSigned(size: number, note: string): Promise<void> {
    await this.#thread.ask({ kind: 'signed', size, note });
  }

  consistencyProof(older: number, newer: number): Promise<Uint8Array[]> {
    return this.hashes({ kind: 'consistency', older, newer });
  }

  async writeCheckpoint(size: number, note: string): Promise<void> {
    await this.#thread.ask({ kind: 'checkpoint', size, note });
  }

  async head(): Promise<Head> {
    const answer = await this.#thread.ask({ kind: 'head' });
    return answer.kind === 'head' ? answer.head : wrong(answer);
  }

  async entries(question: ReaderQuestion): Promise<Bodies> {
    const answer = await this.#thread.ask(question);
    return answer.kind === 'entries' ? answer.entries : wrong(answer);
  }

  async hashes(question: ReaderQuestion): Promise<Uint8Array[]> {
    const answer = await this.#thread.ask(question);
    return answer.kind === 'hashes' ? [...answer.hashes] : wrong(answer);
  }

  async plan(group: number, below: number, until: number): Promise<DropPlan> {
    const answer = await this.#thread.ask({ kind: 'plan', group, below, until });
    return answer.kind === 'planned' ? answer : wrong(answer);
  }

  async dropped(): Promise<readonly DroppedRange[]> {
    const answer = await this.#thread.ask({ kind: 'dropped' });
    return answer.kind === 'dropped' ? answer.ranges : wrong(answer);
  }

  /** A question that is answered by whether there is more, or it is so. */
  async more(question: ReaderQuestion): Promise<boolean> {
    const answer = await this.#thread.ask(question);
    return answer.kind === 'more' ? answer.more : wrong(answer);
  }

  close(): Promise<void> {
    return this.#thread.close({ kind: 'close' });
  }
}

function wrong(answer: ReaderAnswer): never {
  throw new Error(`the reading thread answered with ${answer.kind}`);
}
