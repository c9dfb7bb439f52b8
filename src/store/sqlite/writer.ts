import { Worker } from 'node:worker_threads';
import type { EncodedEvent } from '#audit/entry.ts';
import { StoreError } from '../store-error.ts';
import { packBatch } from './batch.ts';
import type { Head } from './stored-tree.ts';
import type { FromWriter, ToWriter, WriterData } from './writer-messages.ts';

/** The event loop's side of the writing thread. At most one batch is with it at a time. */
export class Writer {
  readonly #worker: Worker;
  #pending: { resolve: (head: Head) => void; reject: (reason: Error) => void } | undefined;
  #onEnded: (reason: Error) => void = () => {};
  #hasEnded = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts the thread, which locks, opens and checks the store. Rejects with StoreError. */
  static async open(data: WriterData): Promise<{ writer: Writer; head: Head }> {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: data });
    const writer = new Writer(worker);
    const head = await new Promise<Head>((resolve, reject) => {
      writer.#pending = { resolve, reject };
      worker.on('message', (message: FromWriter) => writer.#heard(message));
      worker.on('error', (error) => writer.#ended(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => writer.#ended(new Error('the thread that writes the log has ended')));
    });
    return { writer, head };
  }

  /** Rejects when it is not known to be durable; the thread has ended then. */
  commit(events: readonly EncodedEvent[], now: number): Promise<Head> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      const batch = packBatch(events);
      const message: ToWriter = { kind: 'commit', batch, now };
      this.#worker.postMessage(message, [batch]);
    });
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
    const pending = this.#pending;
    this.#pending = undefined;
    switch (message.kind) {
      case 'opened':
      case 'committed':
        pending?.resolve(message.head);
        return;
      case 'refused':
        pending?.reject(StoreError.of(message.problem));
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
    this.#onEnded(reason);
    this.#onEnded = () => {};
  }
}
