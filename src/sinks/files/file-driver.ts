import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import * as Value from 'typebox/value';
import { accepted, type Batch, type Driver, type Outcome } from '../driver.ts';
import type { FileTarget } from '../settings.ts';
import { finish, sizeOf, syncDirectory } from './segment.ts';

const memoSchema = Type.Object({ first: Type.Integer({ minimum: 0 }), octets: Type.Integer({ minimum: 0 }) });
/** The part that grows: its first entry, and how much of it counts. */
type Part = Static<typeof memoSchema>;

export interface FileDriverOptions extends Pick<FileTarget, 'directory' | 'entries'> {
  readonly origin: string;
  /** What the format's files end in. */
  readonly extension: string;
  /** What each file begins with. */
  readonly head: Uint8Array;
}

/**
 * Files of whole ranges of the log: `audit-ORIGIN-FIRST-LAST.jsonl.gz`, each with its SHA-256 beside it. What is not whole
 * yet grows as `….part`; how much of that counts is in the cursor, so that what a crash wrote beyond it is cut off again.
 */
export class FileDriver implements Driver {
  readonly #options: FileDriverOptions;
  #open: { readonly first: number; readonly handle: FileHandle } | undefined;

  constructor(options: FileDriverOptions) {
    this.#options = options;
  }

  async send(batch: Batch, memo: string | undefined): Promise<Outcome> {
    const { directory, entries, head } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const end = (Math.floor(batch.from / entries) + 1) * entries;
    const fresh: Part = { first: batch.from, octets: 0 };
    const told = readMemo(memo) ?? fresh;
    const there = await sizeOf(this.#part(told.first));
    const file = this.#file(told.first, end - 1);
    // A crash came after the file was finished and before the cursor told of it.
    if (there === undefined && (await sizeOf(file)) !== undefined) {
      await finish(this.#part(told.first), file);
      return { kind: 'accepted', next: end };
    }
    // With another disk, perhaps: what was written is there, and the next file begins here.
    const part = (there ?? 0) < told.octets ? fresh : told;
    const to = Math.min(batch.to, end);
    const rows = batch.rows.filter(({ seq }) => seq < to).map(({ octets }) => octets);
    const grown = await this.#write(part, Buffer.concat(part.octets === 0 ? [head, ...rows] : rows));
    if (to < end) return { kind: 'accepted', memo: JSON.stringify(grown) };
    await this.close();
    await finish(this.#part(part.first), this.#file(part.first, end - 1));
    return { kind: 'accepted', next: to };
  }

  async probe(): Promise<Outcome> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const file = join(directory, `.countersign-${process.pid}.tmp`);
    const handle = await open(file, 'wx');
    await handle.close();
    await rm(file);
    return accepted;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.handle.close();
  }

  /** Puts octets after what counts of a part, and nothing behind them. */
  async #write({ first, octets }: Part, more: Uint8Array): Promise<Part> {
    const handle = await this.#handleOf(first);
    await handle.truncate(octets);
    for (let at = 0; at < more.length; )
      at += (await handle.write(more, at, more.length - at, octets + at)).bytesWritten;
    await handle.sync();
    return { first, octets: octets + more.length };
  }

  async #handleOf(first: number): Promise<FileHandle> {
    if (this.#open?.first === first) return this.#open.handle;
    await this.close();
    const path = this.#part(first);
    const handle = await open(path, (await sizeOf(path)) === undefined ? 'w' : 'r+', 0o640);
    this.#open = { first, handle };
    await syncDirectory(this.#options.directory);
    return handle;
  }

  #part(first: number): string {
    return join(this.#options.directory, `${this.#name(first)}.${this.#options.extension}.part`);
  }

  #file(first: number, last: number): string {
    return join(this.#options.directory, `${this.#name(first)}-${index(last)}.${this.#options.extension}.gz`);
  }

  #name(first: number): string {
    return `audit-${this.#options.origin.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${index(first)}`;
  }
}

/** Sorted by name is sorted by index. */
const index = (seq: number) => String(seq).padStart(12, '0');

function readMemo(memo: string | undefined): Part | undefined {
  if (memo === undefined) return undefined;
  const value: unknown = JSON.parse(memo);
  return Value.Check(memoSchema, value) ? value : undefined;
}
