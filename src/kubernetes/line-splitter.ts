import { ApiError, malformed } from './api.ts';

const newline = 0x0a;

/**
 * Cuts a byte stream at each `\n`. Bytes, not text: a cut inside a UTF-8 sequence is no concern here. What is held
 * back between two chunks never exceeds `maxLength` bytes.
 */
export class LineSplitter {
  readonly #maxLength: number;
  #parts: Uint8Array[] = [];
  #held = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Bytes of a line that has not ended yet. */
  get pending(): number {
    return this.#held;
  }

  /** The lines that `chunk` completes, without their newline; empty ones are left out. Throws ApiError at a line too long. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end));
      start = end + 1;
      const line = this.#take();
      if (line.length > 0) yield line;
    }
    this.#hold(chunk.subarray(start));
  }

  #hold(part: Uint8Array): void {
    if (part.length === 0) return;
    if (this.#held + part.length > this.#maxLength) {
      throw new ApiError(`a line is longer than ${this.#maxLength} bytes`, { status: 0, reason: malformed });
    }
    this.#parts.push(part);
    this.#held += part.length;
  }

  #take(): Uint8Array {
    const [only] = this.#parts;
    const line = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#held);
    this.#parts = [];
    this.#held = 0;
    return line;
  }
}
