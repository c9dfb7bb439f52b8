import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { formatNote, type Note } from '#audit/note.ts';
import { writeDurably } from '#keys/durable-file.ts';
import { lockStore } from '#store/lock.ts';
import { StoreError } from '#store/store-error.ts';

const ending = '.checkpoint';
const disputedEnding = '.disputed';

/** SHA-256 of an origin, hex: what a log's file and its address are called. */
export const originHash = (origin: string) => hash('sha256', origin, 'hex');

/**
 * The newest checkpoint that a witness has cosigned of each log, a file each, as anybody may have it. What is lost of it
 * cannot be had again from elsewhere: a witness that has forgotten would sign another history.
 */
export class SeenHeads {
  readonly #directory: string;
  readonly #lock: DatabaseSync;
  readonly #heads = new Map<string, ReadCheckpoint>();

  private constructor(directory: string, lock: DatabaseSync) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Holds the folder for this process. Throws StoreError: `locked`, or `damaged` for a file that is not what it must be. */
  static open(directory: string): SeenHeads {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const seen = new SeenHeads(directory, lockStore(join(directory, 'witness.lock')));
    try {
      for (const name of readdirSync(directory)) if (name.endsWith(ending)) seen.#takeUp(name);
      return seen;
    } catch (thrown) {
      seen.close();
      throw thrown;
    }
  }

  /** Undefined for a log that was never cosigned. */
  of(hashOfOrigin: string): ReadCheckpoint | undefined {
    return this.#heads.get(hashOfOrigin);
  }

  /** Resolves once it is on stable storage: a cosignature is not released before. */
  async keep(checkpoint: ReadCheckpoint): Promise<void> {
    const name = originHash(checkpoint.origin);
    await writeDurably(join(this.#directory, name + ending), formatNote(checkpoint.note));
    this.#heads.set(name, checkpoint);
  }

  /** Evidence: what the log has signed beside what is kept here. The first stays; one is enough. */
  async dispute(origin: string, note: Note): Promise<void> {
    const file = join(this.#directory, originHash(origin) + disputedEnding);
    await writeDurably(file, formatNote(note), { exclusive: true }).catch((thrown: unknown) => {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
    });
  }

  close(): void {
    this.#lock.close();
  }

  #takeUp(name: string): void {
    const file = join(this.#directory, name);
    const checkpoint = read(file);
    if (originHash(checkpoint.origin) + ending !== name)
      throw new StoreError('damaged', `${file} is of the log "${checkpoint.origin}", whose file has another name`);
    this.#heads.set(originHash(checkpoint.origin), checkpoint);
  }
}

function read(file: string): ReadCheckpoint {
  try {
    return parseCheckpoint(readFileSync(file));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new StoreError('damaged', `${file}: ${cause.message}`, undefined, { cause });
  }
}
