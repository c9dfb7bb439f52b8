import { write, writeSync } from 'node:fs';

/** Where lines go. `write` never waits and never throws. */
export interface LogSink {
  write(line: string): void;
}

/** One write to the system, as `fs.write` does it. */
type RawWrite = (bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;

export interface BoundedSinkOptions {
  readonly write: RawWrite;
  /** Octets that may wait; what comes beyond is dropped and counted. */
  readonly maxWaiting: number;
  /** A line that says how many were dropped, written once there is room again. */
  readonly droppedLine: (count: number) => string;
  /** Calls back a little later, when the reader of a full pipe may have caught up. */
  readonly later: (again: () => void) => void;
}

/**
 * Standard error without its trap: Node writes to a pipe synchronously, so a reader that stops would stop the
 * server. Here one write is under way at a time, off the event loop, and what waits behind it is bounded.
 */
export class BoundedSink implements LogSink {
  readonly #options: BoundedSinkOptions;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #underWay: Buffer | undefined;
  #droppedSinceNotice = 0;
  #dropped = 0;

  constructor(options: BoundedSinkOptions) {
    this.#options = options;
  }

  /** Lines lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > this.#options.maxWaiting) {
      this.#dropped++;
      this.#droppedSinceNotice++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#underWay === undefined) this.#next();
  }

  /** Hands over all that waits, for the end of the process: what is under way may then appear twice, but is not lost. */
  takeWaiting(): Uint8Array {
    const rest = Buffer.concat([...(this.#underWay === undefined ? [] : [this.#underWay]), ...this.#waiting]);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return rest;
  }

  #next(): void {
    if (this.#droppedSinceNotice > 0) {
      this.#waiting.push(Buffer.from(this.#options.droppedLine(this.#droppedSinceNotice)));
      this.#droppedSinceNotice = 0;
    }
    if (this.#waiting.length === 0) return;
    const batch = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#push(batch);
  }

  #push(bytes: Buffer): void {
    this.#underWay = bytes;
    this.#options.write(bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return this.#options.later(() => this.#push(bytes));
      // nobody is left to tell that the log itself cannot be written (a closed pipe): go on without it
      const rest = error === null ? bytes.subarray(written) : bytes.subarray(bytes.length);
      if (rest.length > 0) return this.#push(rest);
      this.#underWay = undefined;
      this.#next();
    });
  }
}

const maxWaiting = 1024 * 1024;

/** The sink for a file descriptor, as a rule 2. Unwritten lines are written when the process exits. */
export function descriptorSink(fd: number, droppedLine: (count: number) => string): BoundedSink {
  const sink = new BoundedSink({
    write: (bytes, done) => write(fd, bytes, done),
    maxWaiting,
    droppedLine,
    later: (again) => setTimeout(again, 20).unref(),
  });
  if (atExit.size === 0)
    process.once('exit', () => {
      for (const writeLast of atExit) writeLast();
    });
  atExit.add(() => writeRest(fd, sink.takeWaiting()));
  return sink;
}

/** What is left to do at the end; one listener for all of them, since servers may come one after the other. */
const atExit = new Set<() => void>();

function writeRest(fd: number, bytes: Uint8Array): void {
  try {
    if (bytes.length > 0) writeSync(fd, bytes);
  } catch {
    // the process ends: there is nowhere to report this
  }
}
