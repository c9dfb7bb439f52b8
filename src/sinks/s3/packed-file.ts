import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import type { Encoding, Exported } from '#export/format.ts';

/** Octets that are compressed at a time. */
const chunk = 65_536;

/** What an encoding writes, in memory: as it is, or in gzip, so that no more than that is there of a long range. */
export class PackedFile {
  readonly #encoding: Encoding;
  readonly #gzip: Gzip | undefined;
  readonly #written: Uint8Array[] = [];
  #length = 0;
  #waiting: Uint8Array[] = [];
  #waitingLength = 0;

  constructor(encoding: Encoding, compressed: boolean) {
    this.#encoding = encoding;
    this.#gzip = compressed ? createGzip() : undefined;
    this.#gzip?.on('data', (part: Uint8Array) => this.#keep(part));
    this.#wait(encoding.head);
  }

  /** Octets of what is finished. */
  get length(): number {
    return this.#length;
  }

  async add(record: Exported): Promise<void> {
    this.#wait(this.#encoding.add(record));
    if (this.#waitingLength >= chunk) await this.#write();
  }

  async end(): Promise<Uint8Array> {
    this.#wait(this.#encoding.end());
    await this.#write();
    if (this.#gzip !== undefined) {
      const ended = finished(this.#gzip);
      this.#gzip.end();
      await ended;
    }
    return Buffer.concat(this.#written);
  }

  close(): void {
    this.#gzip?.destroy();
  }

  #wait(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#waiting.push(octets);
    this.#waitingLength += octets.length;
  }

  async #write(): Promise<void> {
    const octets = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingLength = 0;
    const gzip = this.#gzip;
    if (gzip === undefined) return this.#keep(octets);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    gzip.write(octets, (error) => (error ? reject(error) : resolve()));
    return promise;
  }

  #keep(octets: Uint8Array): void {
    this.#written.push(octets);
    this.#length += octets.length;
  }
}
