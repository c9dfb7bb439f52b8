import { setTimeout as pause } from 'node:timers/promises';
import { withhold } from '#audit/disclosure.ts';
import { type EncodedEvent, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { BegunDrop } from './begun-drop.ts';
import { GroupCommit } from './group-commit.ts';
import type { Head } from './head.ts';
import type { Inventory } from './inventory/inventory.ts';
import type { DurableLog, LogMetrics, Retention } from './log.ts';
import type { LogOptions } from './log-options.ts';
import type { Publisher } from './publisher.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

interface Parts {
  readonly options: LogOptions;
  readonly writer: Writer;
  readonly reader: Reader;
  readonly publisher: Publisher;
  readonly inventory: Inventory;
  readonly head: Head;
  /** The newest signed checkpoint that was found, published or not. */
  readonly signedLast: string | undefined;
  /** Removes a part of what a record drops; true while there is more. */
  readonly dropStep: (record: number) => Promise<boolean>;
  /** Erases the disclosures that a record names. */
  readonly erase: (record: number) => Promise<boolean>;
  /** ms between two looks at what others have added; absent where there are none. */
  readonly lookEvery?: number;
}

/** Most entries that one question brings back. */
const maxEntries = 1_000;

/** A log on an engine that brings a writing and a reading thread; the engine's `openLog` makes it. */
export class EngineLog implements DurableLog {
  /** What questions are asked of: a projection behind the log. */
  readonly inventory: Inventory;
  /** The newest checkpoint that was signed of this log before it was opened, by any replica; undefined for none. */
  readonly signedLast: string | undefined;
  readonly #options: LogOptions;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #publisher: Publisher;
  readonly #group: GroupCommit;
  #head: Head;
  readonly #looks: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  readonly retention: Retention;

  constructor({ options, writer, reader, publisher, inventory, head, signedLast, dropStep, erase, lookEvery }: Parts) {
    this.inventory = inventory;
    this.signedLast = signedLast;
    this.#options = options;
    this.#writer = writer;
    this.#reader = reader;
    this.#publisher = publisher;
    this.#head = head;
    this.retention = {
      leads: () => reader.more({ kind: 'lead' }),
      plan: (group, below, until) => reader.plan(group, below, until),
      begun: new BegunDrop(options.directory),
      dropped: () => reader.dropped(),
      drop: (record, signal) => whileMore(() => dropStep(record), signal),
      erase: async (record) => void (await erase(record)),
      withdraw: (signal) => whileMore(() => reader.more({ kind: 'withdraw' }), signal),
    };
    const bounds = {
      batch: options.maxBatch ?? 256,
      outstanding: options.maxOutstanding ?? 4_096,
      linger: options.linger ?? 10,
    };
    this.#group = new GroupCommit(
      async (events) => {
        const { first, head } = await writer.commit(events, Math.trunc(options.clock.now()));
        this.#grown(head);
        return first;
      },
      bounds,
      (cause) => options.onFailed?.(cause),
    );
    writer.onEnded = (reason) => this.#group.fail(reason);
    this.#grown(head);
    if (lookEvery !== undefined) this.#looks = setInterval(() => void this.#look(), lookEvery).unref();
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
      return this.#group.append(this.#encode(event), following);
    } catch (thrown) {
      return Promise.reject(asRefusal(thrown));
    }
  }

  #encode(event: AuditEvent): EncodedEvent {
    const { maxEntry, redactable = [] } = this.#options;
    if (redactable.length === 0) return encodeEvent(event, maxEntry);
    const { event: withheld, disclosures } = withhold(event, redactable);
    const encoded = encodeEvent(withheld, maxEntry);
    return disclosures.length === 0 ? encoded : { ...encoded, disclosures };
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
    return this.#reader.consistencyProof(older, newer);
  }

  async covered(size: number, signal: AbortSignal): Promise<boolean> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => end(), { once: true });
    // Where the store is out of reach, a look takes longer than whoever asks may wait.
    if (size > this.size && !signal.aborted) await Promise.race([this.#look(), ended]);
    if (size > this.size) return false;
    return this.#publisher.covered(size, signal).then(
      () => true,
      () => false,
    );
  }

  async tlogProof(index: number, signal?: AbortSignal): Promise<TlogProof> {
    await this.#publisher.covered(index + 1, signal);
    const { size, note } = this.#publisher;
    const [path, entry] = await Promise.all([this.inclusionProof(index, size), this.entry(index)]);
    if (note === undefined || entry === undefined)
      throw new Error(`the log has no entry ${index} under a checkpoint, or only its hash`);
    return { index, entry, path, checkpoint: note };
  }

  async entry(index: number): Promise<Uint8Array | undefined> {
    const [entry] = await this.#reader.entries({ kind: 'entry', index });
    return entry;
  }

  async entries(from: number, to: number): Promise<Uint8Array[]> {
    const bodies = await this.#reader.entries({ kind: 'entries', from, to: Math.min(to, from + maxEntries) });
    return bodies.filter((body) => body !== undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async catchUp(): Promise<void> {
    const head = await this.#reader.head();
    if (head.size > this.#head.size) this.#grown(head);
  }

  /** What is not seen this time is seen the next; who comes while somebody looks sees the same. */
  #look(): Promise<void> {
    this.#looking ??= this.catchUp()
      // The writer tells of a store that is out of reach.
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  #grown(head: Head): void {
    // A look that was under way meanwhile may come after a commit that it has not seen.
    if (head.size >= this.#head.size) this.#head = head;
    this.#publisher.notify(this.#head.size);
    this.inventory.grown();
  }

  async #close(): Promise<void> {
    clearInterval(this.#looks);
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

/** After each step of a removal it is left alone for so many times as long as that took. */
const restsFor = 4;

/**
 * Step by step, so that whoever else wants something of that thread comes in between, and with rests: a removal writes as much as what it
 * removes once did, and disks, standbys and archives of write-ahead logs have to carry it beside issuance.
 */
async function whileMore(step: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const began = performance.now();
    if (signal.aborted || !(await step())) return;
    await pause(restsFor * (performance.now() - began), undefined, { signal }).catch(() => {});
  }
}
