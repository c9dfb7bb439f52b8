import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBundle } from '#audit/bundle.ts';
import { leafHash } from '#audit/merkle.ts';
import { bundlePath, hashesAt, retainedPath, tilePath, tileWidth } from '#audit/tiles.ts';
import { parseVkey } from '#audit/vkey.ts';
import { type Cursor, readCursor, writeCursor } from './cursor.ts';
import type { ArchiveTarget } from './target.ts';

/** Bundles between two writes of the cursor: after a crash as many are put again, which changes nothing. */
const bundlesPerMark = 16;

export interface ArchiverOptions {
  readonly target: ArchiveTarget;
  /** Where this replica publishes. */
  readonly published: string;
  /** File of the cursor. */
  readonly cursor: string;
  /** All keys by one of which the checkpoints are signed. */
  readonly vkeys: readonly string[];
}

/**
 * Copies what is published for good into an archive: full bundles and tiles, the checkpoint over them, the keys. Behind the
 * publication and one file at a time, so that an archive that hangs holds up nothing but itself.
 */
export class Archiver {
  readonly #options: ArchiverOptions;
  #cursor: Cursor;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#cursor = readCursor(options.cursor, options.target.name);
  }

  /** Bundles that stand in the archive, from the first on. */
  get bundles(): number {
    return this.#cursor.bundles;
  }

  /**
   * Everything that the checkpoint of `size` entries covers, unless the signal says otherwise; gives how many bundles it was.
   * Rejects where the archive or a file fails; then what was put stays, and the next call goes on from there.
   */
  async run(size: number, signal: AbortSignal): Promise<number> {
    const { target, published, cursor, vkeys } = this.#options;
    const before = this.bundles;
    const end = hashesAt(1, size);
    if (before >= end) return 0;
    const checkpoint = await readFile(join(published, 'checkpoint'));
    let bundles = before;
    const mark = () => {
      this.#cursor = { archive: target.name, bundles };
      writeCursor(cursor, this.#cursor);
    };
    try {
      for (; bundles < end && !signal.aborted; bundles++) {
        await this.#putBundle(bundles);
        if (bundles % bundlesPerMark === bundlesPerMark - 1) mark();
      }
    } finally {
      if (bundles > this.bundles) mark();
    }
    if (bundles < end) return bundles - before;
    for (const vkey of vkeys)
      await target.put(`vkeys/${parseVkey(vkey).keyId.toString(16).padStart(8, '0')}`, Buffer.from(`${vkey}\n`));
    const [, of = ''] = checkpoint.toString('utf8').split('\n');
    await target.put(`checkpoints/${Number(of)}`, checkpoint);
    return bundles - before;
  }

  /** The bundle, its leaf tile, and each tile above that it has filled. */
  async #putBundle(n: number): Promise<void> {
    const tile = await this.#read(tilePath(0, n));
    const bundle = await this.#read(bundlePath(n));
    // What was dropped before there was this archive is not to be had any more.
    if (bundle !== undefined) await this.#put(bundlePath(n), demandWhole(bundle, tile, n));
    else if ((await this.#read(retainedPath(n))) === undefined) throw new Error(`${bundlePath(n)} is not published`);
    for (let level = 0, hashes = n + 1; ; level++, hashes /= tileWidth) {
      const path = tilePath(level, hashes - 1);
      await this.#put(path, level === 0 ? tile : await this.#read(path));
      if (hashes % tileWidth !== 0) return;
    }
  }

  async #put(path: string, octets: Uint8Array | undefined): Promise<void> {
    if (octets === undefined) throw new Error(`${path} is not published`);
    await this.#options.target.put(path, octets);
  }

  async #read(path: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#options.published, path));
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
      throw thrown;
    }
  }
}

/** What rests in an archive for years, and is the last copy in the end, has to be right when it goes there. */
function demandWhole(bundle: Buffer, tile: Buffer | undefined, n: number): Buffer {
  const hashes = Buffer.concat(decodeBundle(bundle).map(leafHash));
  if (tile === undefined || !hashes.equals(tile)) throw new Error(`${bundlePath(n)} does not hash to its tile`);
  return bundle;
}
