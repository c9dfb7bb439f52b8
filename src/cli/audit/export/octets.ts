import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../failure.ts';
import { isPacked } from './manifest.ts';

const newline = 0x0a;

/** What is in a file, from left to right, unpacked where its name says so; holds little more than was asked for. */
export class FileOctets {
  readonly #name: string;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(name: string) {
    this.#name = name;
    const read = createReadStream(name);
    // What goes wrong comes out of the stream that is read.
    const stream: AsyncIterable<Buffer> = isPacked(name) ? pipeline(read, createGunzip(), () => {}) : read;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next `length` octets; fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#held.length < length && (await this.#more()));
    return this.#cut(Math.min(length, this.#held.length));
  }

  /** The next line without its newline; undefined at the end. Throws Failure `no` where it is longer than `longest`, or does not end. */
  async line(longest: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const end = this.#held.indexOf(newline);
      if (end > longest || (end < 0 && this.#held.length > longest))
        throw new Failure('no', `${this.#name}: a line is longer than ${longest} octets`);
      if (end >= 0) return this.#cut(end + 1).subarray(0, end);
      if (await this.#more()) continue;
      if (this.#held.length === 0) return undefined;
      throw new Failure('no', `${this.#name}: its last line does not end`);
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(length: number): Uint8Array {
    const cut = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return cut;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next().catch((cause: unknown) => {
      throw packed(cause) ? new Failure('no', `${this.#name}: cannot be unpacked`, undefined, { cause }) : cause;
    });
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}

const packed = (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && thrown.code.startsWith('Z_');
