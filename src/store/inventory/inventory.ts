import type { Answer } from '#audit/questions/answer.ts';
import { type Asked, problemWith } from '#audit/questions/ask.ts';
import { QuestionThread } from '../question-thread.ts';
import type { InventoryAnswer, InventoryData, InventoryQuestion } from './messages.ts';
import type { CertificateName, Listed, ListFilter } from './questions.ts';

export interface InventoryOptions {
  /** The inventory's own file; it may be deleted at any time, and is made again from the log. */
  readonly file: string;
  readonly origin: string;
  /** ms that records may gather before they are taken in; 1,000 unless told. Questions never wait for it. */
  readonly interval?: number;
}

/**
 * The inventory: a projection behind the log, in a thread of its own and a SQLite file of its own, whichever engine
 * holds the log. Each answer covers all that was durable when the
 * question came, however far behind the projection was. May be used beside a running server, from another process.
 */
export class Inventory {
  readonly #thread: QuestionThread<InventoryQuestion, InventoryAnswer>;

  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;

  /** `module` is the engine's own thread, which `log` is for. */
  constructor(module: URL, { file, origin, interval = defaultInterval }: InventoryOptions, log: object) {
    this.#interval = interval;
    const data: InventoryData = { file, origin, interval };
    this.#thread = new QuestionThread(module, { ...data, ...log });
  }

  /** The log has grown: follow it, soon. */
  grown(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#thread.tell({ kind: 'grown' });
    }, this.#interval).unref();
  }

  /** Indexes of the entries about a certificate, oldest first; empty when the log holds none. */
  async find(name: CertificateName): Promise<number[]> {
    const answer = await this.#thread.ask({ kind: 'find', name });
    return answer.kind === 'found' ? [...answer.indexes] : wrong(answer);
  }

  /** One page of records, newest first. */
  async list(filter: ListFilter = {}): Promise<Listed> {
    const answer = await this.#thread.ask({ kind: 'list', filter });
    return answer.kind === 'listed' ? { records: answer.records, upTo: answer.upTo } : wrong(answer);
  }

  /** One page of the answer to a question by name. Rejects with RangeError for one that cannot be asked so. */
  async ask(asked: Asked): Promise<Answer> {
    const problem = problemWith(asked.name, asked.filters);
    if (problem !== undefined) throw new RangeError(problem);
    const answer = await this.#thread.ask({ kind: 'ask', asked });
    return answer.kind === 'answered' ? answer.answer : wrong(answer);
  }

  /** Entries taken in so far; the log's size less this is the lag. */
  async position(): Promise<number> {
    const answer = await this.#thread.ask({ kind: 'position' });
    return answer.kind === 'position' ? answer.position : wrong(answer);
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#thread.close({ kind: 'close' });
  }
}

const defaultInterval = 1_000;

function wrong(answer: InventoryAnswer): never {
  throw new Error(`the inventory answered with ${answer.kind}`);
}
