import { encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { GroupCommit } from '../group-commit.ts';
import type { DurableLog, LogMetrics } from '../log.ts';
import type { Publisher } from '../publisher.ts';
import type { Inventory } from './inventory/inventory.ts';
import type { LogOptions } from './open-log.ts';
import type { Reader } from './reader.ts';
import type { Head } from './stored-tree.ts';
import type { Writer } from './writer.ts';

interface Parts {
  readonly options: LogOptions;
  readonly writer: Writer;
  readonly reader: Reader;
  readonly publisher: Publisher;
  readonly inventory: Inventory;
  readonly head: Head;
}

/** Most entries that one question brings back. */
const maxEntries = 1_000;

/** The log on an embedded database; `openLog` makes it. */
export class SqliteLog implements DurableLog {
  /** What questions are asked of: a projection behind the log. */
  readonly inventory: Inventory;
  readonly #options: LogOptions;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #publisher: Publisher;
  readonly #group: GroupCommit;
  #head: Head;
  #closing: Promise<void> | undefined;

  constructor({ options, writer, reader, publisher, inventory, head }: Parts) {
    this.inventory = inventory;
    this.#options = options;
    this.#writer = writer;
    this.#reader = reader;
    this.#publisher = publisher;
    this.#head = head;
    const bounds = {
      batch: options.maxBatch ?? 256,
      outstanding: options.maxOutstanding ?? 4_096,
      linger: options.linger ?? 2,
    };
    this.#group = new GroupCommit(
      async (events) => {
        const first = this.#head.size;
        this.#head = await writer.commit(events, Math.trunc(options.clock.now()));
        publisher.notify(this.#head.size);
        inventory.grown();
        return first;
      },
      bounds,
      (cause) => options.onFailed?.(cause),
    );
    writer.onEnded = (reason) => this.#group.fail(reason);
    publisher.notify(head.size);
    inventory.grown();
  }

  get origin(): string {
    return this.#options.signer.origin;
  }

  get size(): number {
    return this.#head.size;
  }

  get newestTime(): number {
    return this.#head.time;
  }

  /** When the newest checkpoint was signed, ms since the epoch; 0 before the first of this process. */
  get publishedAt(): number {
    return this.#publisher.signedAt;
  }

  get publishedSize(): number {
    return this.#publisher.size;
  }

  get metrics(): LogMetrics {
    return {
      outstanding: this.#group.outstanding,
      batches: this.#group.batches,
      records: this.#group.records,
      unpublished: this.#head.size - this.#publisher.size,
    };
  }

  append(event: AuditEvent, following = 0): Promise<number> {
    try {
      return this.#group.append(encodeEvent(event, this.#options.maxEntry), following);
    } catch (thrown) {
      return Promise.reject(asRefusal(thrown));
    }
  }

  root(): Uint8Array {
    return this.#head.root;
  }

  checkpoint(): string | undefined {
    return this.#publisher.note;
  }

  publish(): Promise<void> {
    return this.#publisher.publish();
  }

  inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    return this.#reader.hashes({ kind: 'inclusion', index, size });
  }

  consistencyProof(older: number, newer: number): Promise<Uint8Array[]> {
    return this.#reader.hashes({ kind: 'consistency', older, newer });
  }

  async tlogProof(index: number, signal?: AbortSignal): Promise<TlogProof> {
    await this.#publisher.covered(index + 1, signal);
    const { size, note } = this.#publisher;
    const [path, entry] = await Promise.all([this.inclusionProof(index, size), this.entry(index)]);
    if (note === undefined || entry === undefined) throw new Error(`the log has no entry ${index} under a checkpoint`);
    return { index, entry, path, checkpoint: note };
  }

  async entry(index: number): Promise<Uint8Array | undefined> {
    const [entry] = await this.#reader.entries({ kind: 'entry', index });
    return entry;
  }

  entries(from: number, to: number): Promise<Uint8Array[]> {
    return this.#reader.entries({ kind: 'entries', from, to: Math.min(to, from + maxEntries) });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#group.close();
    try {
      await (this.#group.failed ? this.#publisher.stop() : this.#publisher.close());
    } finally {
      // The writer last: the last one out folds the write-ahead log into the database.
      await Promise.all([this.#reader.close(), this.inventory.close()]);
      await this.#writer.close();
    }
  }
}
