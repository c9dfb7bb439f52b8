import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBundle } from '#audit/bundle.ts';
import { Malformed } from '#audit/malformed.ts';
import { hashLength, leafHash } from '#audit/merkle.ts';
import { bundlePath, tileWidth } from '#audit/tiles.ts';
import type { Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { LogSource } from './log-source.ts';

interface Bundle {
  readonly n: number;
  /** Undefined where the folder has none. */
  readonly bodies: readonly Uint8Array[] | undefined;
  readonly leaves: Uint8Array;
}

/** What was dropped of a log, from a folder of audit.archive. */
export class ArchivedBodies {
  readonly #folder: string;
  readonly #source: Pick<LogSource, 'name' | 'leaves'>;
  #newest: Bundle | undefined;

  constructor(folder: string, source: Pick<LogSource, 'name' | 'leaves'>) {
    this.#folder = folder;
    this.#source = source;
  }

  /** Bodies from entry `from` on, the missing ones from here, as far as they are. Throws Failure `no` for what the log has no hash of. */
  async fill(bodies: Bodies, from: number): Promise<Bodies> {
    const filled: (Uint8Array | undefined)[] = [];
    for (const [at, body] of bodies.entries()) filled.push(body ?? (await this.#body(from + at)));
    return filled;
  }

  async #body(index: number): Promise<Uint8Array | undefined> {
    const n = Math.floor(index / tileWidth);
    const bundle = this.#newest?.n === n ? this.#newest : await this.#read(n);
    this.#newest = bundle;
    const body = bundle.bodies?.[index % tileWidth];
    const at = (index % tileWidth) * hashLength;
    if (body === undefined) return undefined;
    if (Buffer.compare(leafHash(body), bundle.leaves.subarray(at, at + hashLength)) === 0) return body;
    throw new Failure('no', `${this.#folder}: entry ${index} is not what ${this.#source.name} has the hash of`);
  }

  async #read(n: number): Promise<Bundle> {
    const file = join(this.#folder, bundlePath(n));
    const leaves = await this.#source.leaves(n);
    try {
      return { n, leaves, bodies: existsSync(file) ? decodeBundle(readFileSync(file)) : undefined };
    } catch (cause) {
      if (!(cause instanceof Malformed)) throw cause;
      throw new Failure('no', `${file}: ${cause.message}`, undefined, { cause });
    }
  }
}
