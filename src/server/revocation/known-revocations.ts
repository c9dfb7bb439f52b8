import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEntry } from '#audit/entry.ts';
import type { Revocation } from '#authority/revocation/register.ts';
import { writeDurably } from '#keys/durable-file.ts';
import type { DurableLog } from '#store/log.ts';
import { revocationIn } from './recorded.ts';

/** Records read at a time. */
const stride = 1_000;
/** How the record of a revocation ends, and no other; in a text within a record the quotes would be escaped. */
const mark = Buffer.from('"type":"certificate.revoked"');

type ReadLog = Pick<DurableLog, 'size' | 'entry' | 'entries' | 'catchUp'>;

interface Bookmark {
  /** Records that were looked through, and SHA-256 of the last of them: the same one stands in no other log. */
  readonly upTo: number;
  readonly last: string;
  /** Of the revocations among them. */
  readonly indexes: readonly number[];
}

/**
 * All revocations that the log holds. Beside it stands a bookmark, `revocations-known.json`: how far the log was looked through,
 * and where the revocations are, which are believed for what they say themselves. Only what came after is read, and none of the
 * inventory. A bookmark that is lost, damaged or of another log costs reading the log once, and never a revocation.
 */
export class KnownRevocations {
  readonly #file: string;
  readonly #log: ReadLog;
  #upTo = 0;
  #last = '';
  #indexes: number[] = [];
  /** Found in the bookmark, and not yet given. */
  #found: Revocation[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  readonly #unkept: (error: unknown) => void;

  private constructor(directory: string, log: ReadLog, unkept: (error: unknown) => void) {
    this.#unkept = unkept;
    this.#file = join(directory, 'revocations-known.json');
    this.#log = log;
  }

  /** `unkept` is told when the bookmark cannot be written. Rejects where the log cannot be read. */
  static async open(directory: string, log: ReadLog, unkept: (error: unknown) => void): Promise<KnownRevocations> {
    const known = new KnownRevocations(directory, log, unkept);
    await log.catchUp();
    await known.#takeUp();
    return known;
  }

  /** Those that were not given yet, oldest first: the first time all. Rejects where the log cannot be read. */
  news(): Promise<readonly Revocation[]> {
    const turn = this.#turn.then(() => this.#news());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #news(): Promise<readonly Revocation[]> {
    await this.#log.catchUp();
    const found = this.#found;
    const before = this.#upTo;
    while (this.#upTo < this.#log.size) {
      const to = Math.min(this.#upTo + stride, this.#log.size);
      // Fewer than asked for where bodies were dropped: each says itself which it is.
      const entries = await this.#log.entries(this.#upTo, to);
      for (const bytes of entries) this.#look(bytes);
      this.#upTo = to;
      this.#last = hash('sha256', entries.at(-1) ?? '', 'hex');
    }
    this.#found = [];
    // A crash before this, or a full disk, has the next start read as much again.
    if (this.#upTo > before) await writeDurably(this.#file, write(this)).catch(this.#unkept);
    return found;
  }

  /** `index`: the one that it was read by, where it was. */
  #look(bytes: Uint8Array, index?: number): void {
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(mark)) return;
    const entry = decodeEntry(bytes);
    const revocation = entry.type === 'certificate.revoked' ? revocationIn(entry) : undefined;
    if (revocation === undefined || (index !== undefined && index !== entry.seq)) return;
    this.#indexes.push(entry.seq);
    this.#found.push(revocation);
  }

  async #takeUp(): Promise<void> {
    const bookmark = await readBookmark(this.#file);
    const { size } = this.#log;
    if (bookmark === undefined || bookmark.upTo > size || bookmark.upTo === 0) return;
    const last = await this.#log.entry(bookmark.upTo - 1);
    if (last === undefined || hash('sha256', last, 'hex') !== bookmark.last) return;
    for (let from = 0; from < bookmark.indexes.length; from += stride) {
      const indexes = bookmark.indexes.slice(from, from + stride);
      const entries = await Promise.all(indexes.map((index) => this.#log.entry(index)));
      for (const [at, bytes] of entries.entries()) if (bytes !== undefined) this.#look(bytes, indexes[at]);
    }
    if (this.#indexes.length === bookmark.indexes.length) {
      this.#upTo = bookmark.upTo;
      this.#last = bookmark.last;
      return;
    }
    // it points to what is no revocation
    this.#indexes = [];
    this.#found = [];
  }

  get bookmark(): Bookmark {
    return { upTo: this.#upTo, last: this.#last, indexes: this.#indexes };
  }
}

const write = ({ bookmark }: KnownRevocations) => `${JSON.stringify({ ...bookmark, sum: sumOf(bookmark) })}\n`;
const sumOf = ({ upTo, last, indexes }: Bookmark) => hash('sha256', JSON.stringify([upTo, last, indexes]), 'hex');

/** Undefined for one that is not there, and for one that is not whole. */
async function readBookmark(file: string): Promise<Bookmark | undefined> {
  try {
    const { upTo, last, indexes, sum }: Partial<Record<string, unknown>> = JSON.parse(await readFile(file, 'utf8'));
    if (typeof last !== 'string' || !isIndex(upTo) || !Array.isArray(indexes) || !indexes.every(isIndex))
      return undefined;
    const bookmark = { upTo, last, indexes };
    return sum === sumOf(bookmark) ? bookmark : undefined;
  } catch {
    return undefined;
  }
}

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
