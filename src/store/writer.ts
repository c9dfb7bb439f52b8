import { Worker } from 'node:worker_threads';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import type { EncodedEvent } from '#audit/entry.ts';
import { packBatch } from './batch.ts';
import { GivenUp } from './group-commit.ts';
import type { Head } from './head.ts';
import { StoreError } from './store-error.ts';
import type { Committed, FromWriter, ToWriter } from './writer-messages.ts';

interface Pending {
  readonly opened?: (head: Head) => void;
  readonly committed?: (committed: Committed) => void;
  readonly reject: (reason: Error) => void;
}

/** Told whether the store can be written: what is in the way, or undefined once nothing is any more. */
export type OnReach = (problem: string | undefined) => void;

/** The event loop's side of the writing thread. At most one batch is with it at a time. */
export class Writer {
  readonly #worker: Worker;
  readonly #onReach: OnReach;
  #pending: Pending | undefined;
  #dropping: PromiseWithResolvers<boolean> | undefined;
  #onEnded: (reason: Error) => void = () => {};
  #hasEnded = false;

  private constructor(worker: Worker, onReach: OnReach) {
    this.#worker = worker;
    this.#onReach = onReach;
  }

  /** Starts the engine's thread `module`, which locks, opens and checks the store. Rejects with StoreError. */
  static async open(
    module: URL,
    workerData: unknown,
    onReach: OnReach = () => {},
  ): Promise<{ writer: Writer; head: Head }> {
    const worker = new Worker(module, { workerData });
    const writer = new Writer(worker, onReach);
    const head = await new Promise<Head>((opened, reject) => {
      writer.#pending = { opened, reject };
      worker.on('message', (message: FromWriter) => writer.#heard(message));
      worker.on('error', (error) => writer.#ended(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => writer.#ended(new Error('the thread that writes the log has ended')));
    });
    return { writer, head };
  }

  /** Rejects with GivenUp where only this batch is lost; with anything else the thread has ended. */
  commit(events: readonly EncodedEvent[], now: number): Promise<Committed> {
    return new Promise((committed, reject) => {
      this.#pending = { committed, reject };
      const batch = packBatch(events);
      const disclosures = disclosuresOf(events);
      const message: ToWriter = { kind: 'commit', batch, now, ...(disclosures.length > 0 && { disclosures }) };
      this.#worker.postMessage(message, [batch]);
    });
  }

  /** Removes a part of the bodies that the record drops, between two batches; true while there is more. One at a time. */
  drop(record: number): Promise<boolean> {
    return this.#remove({ kind: 'drop', record });
  }

  /** Erases the disclosures that the record names, between two batches; false, since nothing is left to be erased. */
  erase(record: number): Promise<boolean> {
    return this.#remove({ kind: 'erase', record });
  }

  async #remove(message: ToWriter): Promise<boolean> {
    // Retention and redaction do not know of each other.
    while (this.#dropping !== undefined) await this.#dropping.promise.catch(() => {});
    if (this.#hasEnded) throw new Error('the thread that writes the log has ended');
    const dropping = Promise.withResolvers<boolean>();
    this.#dropping = dropping;
    this.#worker.postMessage(message);
    try {
      return await dropping.promise;
    } finally {
      this.#dropping = undefined;
    }
  }

  /** Called once if the thread ends without having been told to. */
  set onEnded(listener: (reason: Error) => void) {
    this.#onEnded = listener;
    if (this.#hasEnded) listener(new Error('the thread that writes the log has ended'));
  }

  async close(): Promise<void> {
    if (this.#hasEnded) return;
    this.#onEnded = () => {};
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    const message: ToWriter = { kind: 'close' };
    this.#worker.postMessage(message);
    await exited;
  }

  #heard(message: FromWriter): void {
    if (message.kind === 'reach') {
      this.#onReach(message.problem);
      return;
    }
    if (message.kind === 'dropped') {
      this.#dropping?.resolve(message.more);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    switch (message.kind) {
      case 'opened':
        pending?.opened?.(message.head);
        return;
      case 'committed':
        pending?.committed?.(message);
        return;
      case 'refused':
        pending?.reject(StoreError.of(message.problem));
        return;
      case 'given-up':
        pending?.reject(new GivenUp(message.message));
        return;
      case 'failed':
        pending?.reject(new Error(`the log's store failed: ${message.message}`));
        return;
      case 'closed':
        return;
    }
  }

  #ended(reason: Error): void {
    this.#hasEnded = true;
    this.#pending?.reject(reason);
    this.#pending = undefined;
    this.#dropping?.reject(reason);
    this.#onEnded(reason);
    this.#onEnded = () => {};
  }
}

function disclosuresOf(events: readonly EncodedEvent[]): PlacedDisclosure[] {
  const found: PlacedDisclosure[] = [];
  for (const [index, { disclosures }] of events.entries())
    if (disclosures !== undefined) for (const each of disclosures) found.push({ ...each, index });
  return found;
}
