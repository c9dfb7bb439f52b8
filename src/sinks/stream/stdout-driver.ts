import { constants, fstatSync, openSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { accepted, type Batch, type Driver, type Outcome } from '../driver.ts';

interface Output {
  write(octets: Uint8Array, done: (error?: Error | null) => void): void;
  close(): void;
}

/** Standard output: acknowledged when the system has taken it. */
export class StdoutDriver implements Driver {
  #output: Output | undefined;
  /** What a reader that stands still has yet to take: never more than one batch. */
  #waiting: { readonly batch: Batch; readonly written: Promise<void> } | undefined;

  async send(batch: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (batch.rows.length === 0) return accepted;
    if (this.#waiting?.batch !== batch) {
      await this.#orCalledOff(this.#waiting?.written, signal);
      this.#waiting = { batch, written: this.#put(batch) };
    }
    try {
      await this.#orCalledOff(this.#waiting.written, signal);
    } catch (thrown) {
      if (!signal.aborted) await this.close();
      throw thrown;
    }
    this.#waiting = undefined;
    return accepted;
  }

  async #put({ rows }: Batch): Promise<void> {
    this.#output ??= openStdout();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#output.write(Buffer.concat(rows.map(({ octets }) => octets)), (error) => (error ? reject(error) : resolve()));
    return promise;
  }

  async #orCalledOff(written: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    const off = Promise.withResolvers<never>();
    const onAbort = () => off.reject(new Error('nobody reads standard output'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([written, off.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async probe(): Promise<Outcome> {
    return accepted;
  }

  /** What waits for a reader is let go: it would keep the process here. */
  async close(): Promise<void> {
    this.#waiting = undefined;
    this.#output?.close();
    this.#output = undefined;
  }
}

const stdout = 1;

/**
 * A pipe is opened once more, for itself: a write that waits for its reader then holds up no thread that signatures need,
 * and closing it closes nobody else's. What cannot be opened so is written to by the thread pool.
 */
function openStdout(): Output {
  if (fstatSync(stdout).isFIFO()) {
    const fd = openSync('/dev/stdout', constants.O_WRONLY | constants.O_NONBLOCK);
    const socket = new Socket({ fd, readable: false });
    // Told by the write that fails.
    socket.on('error', () => {});
    return {
      write: (octets, done) => void socket.write(octets, done),
      close: () => void socket.destroy(),
    };
  }
  const writeAll: Output['write'] = (octets, done) =>
    write(stdout, octets, (error, written) => {
      if (error !== null || written === octets.length) done(error);
      else writeAll(octets.subarray(written), done);
    });
  return { write: writeAll, close: () => {} };
}
