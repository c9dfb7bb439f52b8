import { type CheckpointSigner, signCheckpoint } from '#audit/checkpoint.ts';
import type { Cosigned, Cosigning } from './cosigning.ts';
import type { Head } from './head.ts';

/** Where a publisher writes: tiles first, then the checkpoint over them. */
export interface PublishTarget {
  writeTiles(): Promise<{ size: number; root: Uint8Array }>;
  /** Remembers what was signed, before others see it whom it is published by and by. */
  keepSigned(size: number, note: string): Promise<void>;
  writeCheckpoint(size: number, note: string): Promise<void>;
  consistencyProof(older: number, newer: number): Promise<Uint8Array[]>;
  head(): Promise<Head>;
}

interface Bounds {
  readonly interval: number;
  readonly size: number;
  readonly note: string | undefined;
  /** Absent: a checkpoint is published as it was signed. */
  readonly cosigning?: Cosigning | undefined;
}

/**
 * Publishes behind the log: at most once per interval while records come, never while none do. A round that fails is
 * reported and tried again after the interval; it holds up no issuance, since the store already has everything.
 */
export class Publisher {
  readonly #target: PublishTarget;
  readonly #signer: CheckpointSigner;
  readonly #interval: number;
  readonly #cosigning: Cosigning | undefined;
  readonly #onFailed: (cause: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #wanted = 0;
  #waiting: { readonly size: number; readonly resolve: () => void }[] = [];
  #closed = false;
  /** What was signed last, where witnesses see it before it is published. */
  #signed: { readonly size: number; readonly note: string } | undefined;
  /** Whether they have all that they can give to what is published. */
  #complete = true;
  size: number;
  note: string | undefined;
  /** When the newest checkpoint was signed, ms since the epoch; 0 before the first of this process. */
  signedAt = 0;

  constructor(target: PublishTarget, signer: CheckpointSigner, bounds: Bounds, onFailed: (cause: unknown) => void) {
    this.#target = target;
    this.#signer = signer;
    this.#interval = bounds.interval;
    this.#cosigning = bounds.cosigning;
    this.#onFailed = onFailed;
    this.size = bounds.size;
    this.note = bounds.note;
  }

  /** The log has grown to `size`. */
  notify(size: number): void {
    this.#wanted = size;
    this.#schedule();
  }

  /** One whole round over all that is durable at the time of the call. */
  async publish(): Promise<void> {
    await this.#round?.catch(() => undefined);
    this.#round ??= this.#publishOnce().finally(() => {
      this.#round = undefined;
    });
    await this.#round;
  }

  /** Resolves once a checkpoint speaks of `size` entries, by the next round that succeeds; rejects for the signal's reason. */
  async covered(size: number, signal?: AbortSignal): Promise<void> {
    if (this.size >= size) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { size, resolve };
    const give = () => reject(signal?.reason);
    this.#waiting.push(waiting);
    signal?.addEventListener('abort', give, { once: true });
    try {
      signal?.throwIfAborted();
      await promise;
    } finally {
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
      signal?.removeEventListener('abort', give);
    }
  }

  /** No round after the one that runs. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round?.catch(() => undefined);
  }

  /** The last round, and none after it. */
  async close(): Promise<void> {
    await this.stop();
    if (this.note === undefined || this.size < this.#wanted) await this.publish();
  }

  #schedule(): void {
    const isDone = this.size >= this.#wanted && this.#complete;
    if (this.#closed || this.#timer !== undefined || isDone) return;
    this.#timer = setTimeout(() => void this.#tick(), this.#interval);
  }

  async #tick(): Promise<void> {
    try {
      await this.publish();
    } catch (cause) {
      this.#onFailed(cause);
    }
    this.#timer = undefined;
    this.#schedule();
  }

  async #publishOnce(): Promise<void> {
    if (this.#cosigning !== undefined) return this.#publishCosigned(this.#cosigning);
    const { size, root } = await this.#target.writeTiles();
    if (this.note !== undefined && size === this.size) return;
    await this.#show(size, await signCheckpoint(this.#signer, size, root));
  }

  /** A checkpoint that was signed and not published stays what is asked about, until the log has grown. */
  async #publishCosigned(cosigning: Cosigning): Promise<void> {
    const { size, note: signed } = await this.#signNewest();
    if (size === this.size && this.#complete) return;
    const { note, mayPublish, complete } = await this.#gather(cosigning, size, signed);
    if (mayPublish && !(size === this.size && note === this.note)) await this.#show(size, note);
    this.#complete = complete;
  }

  async #signNewest(): Promise<{ readonly size: number; readonly note: string }> {
    if (this.#signed !== undefined && this.#signed.size >= this.#wanted) return this.#signed;
    const { size, root } = await this.#target.writeTiles();
    if (this.note !== undefined && size === this.size && this.#complete) return { size, note: this.note };
    if (this.#signed?.size === size) return this.#signed;
    const note = await signCheckpoint(this.#signer, size, root);
    // A witness will hold us to it, also after a crash at this line.
    await this.#target.keepSigned(size, note);
    this.#signed = { size, note };
    return this.#signed;
  }

  #gather(cosigning: Cosigning, size: number, note: string): Promise<Cosigned> {
    return cosigning.gather({
      note,
      proof: (older) => this.#target.consistencyProof(older, size),
      grown: async () => (await this.#target.head()).size,
    });
  }

  async #show(size: number, note: string): Promise<void> {
    await this.#target.writeCheckpoint(size, note);
    this.size = size;
    this.note = note;
    this.signedAt = Date.now();
    for (const waiting of this.#waiting) if (waiting.size <= size) waiting.resolve();
  }
}
