import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBundle } from './bundle.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { decodeEntry } from './entry.ts';
import { Malformed } from './malformed.ts';
import { hashLength, leafHash, RightEdge } from './merkle.ts';
import { foldTile } from './tile-hashes.ts';
import { bundlePath, checkpointPath, hashesAt, tileHeight, tilePath, tileWidth } from './tiles.ts';
import { type NoteVerifier, parseVkey } from './vkey.ts';

/** The first thing in a published log that does not fit. */
export class Unverified extends Error {
  override readonly name = 'Unverified';
  /** Path within the published directory. */
  readonly file: string;
  /** First entry concerned, where one can be named. */
  readonly index: number | undefined;

  constructor(file: string, index: number | undefined, problem: string, options?: ErrorOptions) {
    super(index === undefined ? `${file}: ${problem}` : `${file}, entry ${index}: ${problem}`, options);
    this.file = file;
    this.index = index;
  }
}

/** Told after each bundle: entries checked, entries in all. */
export type VerifyProgress = (checked: number, size: number) => void;

/**
 * Checks a published log from its directory and its public key (a C2SP vkey) alone: each entry canonical, at its own
 * index, never older than the one before; entries → leaf hashes → tiles → root → signed checkpoint. Holds one bundle
 * and one tile per level in memory. Gives the checkpoint; throws Unverified, or Malformed for the vkey.
 */
export async function verifyDirectory(
  directory: string,
  vkey: string,
  onProgress: VerifyProgress = () => {},
): Promise<Checkpoint> {
  return new Verification(directory, parseVkey(vkey)).run(onProgress);
}

class Verification {
  readonly #directory: string;
  readonly #verifier: NoteVerifier;
  readonly #edge = new RightEdge();
  /** The hashes of the newest tile of each level, as they follow from the entries. */
  readonly #expected: Buffer[] = [];
  #time = '';

  constructor(directory: string, verifier: NoteVerifier) {
    this.#directory = directory;
    this.#verifier = verifier;
  }

  async run(onProgress: VerifyProgress): Promise<Checkpoint> {
    const checkpoint = await this.#checkpoint();
    const { size } = checkpoint;
    for (let n = 0; n * tileWidth < size; n++) {
      const width = Math.min(tileWidth, size - n * tileWidth);
      const grown = this.#append(await this.#entries(n, width), n);
      await this.#checkLeafTile(n, width, checkpoint);
      for (let level = 1; level <= grown; level++) await this.#checkFullTile(level);
      onProgress(n * tileWidth + width, size);
    }
    await this.#checkRightEdge(size);
    if (Buffer.compare(this.#edge.root(), checkpoint.root) !== 0) {
      throw new Unverified(checkpointPath, undefined, `the ${size} entries have another root than the one it signs`);
    }
    return checkpoint;
  }

  async #checkpoint(): Promise<Checkpoint> {
    const bytes = await this.#readIfThere(checkpointPath);
    if (bytes === undefined) throw new Unverified(checkpointPath, undefined, 'the file is missing');
    return this.#named(checkpointPath, undefined, () => openCheckpoint(bytes, this.#verifier));
  }

  async #entries(n: number, width: number): Promise<{ file: string; entries: readonly Uint8Array[] }> {
    const first = n * tileWidth;
    const { file, bytes, full } = await this.#readTile((w) => bundlePath(n, w), width, first);
    const entries = this.#named(file, first, () => decodeBundle(bytes));
    const expected = full ? tileWidth : width;
    if (entries.length !== expected) {
      throw new Unverified(file, first, `holds ${entries.length} entries; there must be ${expected}`);
    }
    return { file, entries: entries.slice(0, width) };
  }

  /** Takes in the entries of bundle `n`; gives the highest level that has got a hash by them. */
  #append({ file, entries }: { file: string; entries: readonly Uint8Array[] }, n: number): number {
    let grown = 0;
    for (const [at, bytes] of entries.entries()) {
      this.#checkEntry(file, n * tileWidth + at, bytes);
      this.#edge.append(leafHash(bytes), (height, root) => {
        if (height % tileHeight !== 0) return;
        grown = height / tileHeight;
        const position = (this.#edge.size + 1) / 2 ** height - 1;
        this.#tileOf(grown).set(root, (position % tileWidth) * hashLength);
      });
    }
    return grown;
  }

  #checkEntry(file: string, index: number, bytes: Uint8Array): void {
    const { seq, time } = this.#named(file, index, () => decodeEntry(bytes));
    if (seq !== index) throw new Unverified(file, index, `says that it is entry ${seq}`);
    if (time < this.#time)
      throw new Unverified(file, index, `its time ${time} is before ${this.#time} of the one before`);
    this.#time = time;
  }

  async #checkLeafTile(n: number, width: number, { size, root }: Checkpoint): Promise<void> {
    const wrong = await this.#mismatch(0, n, width);
    if (wrong === undefined) return;
    // Entry and leaf hash differ: what is built on them says which of the two was changed.
    const expected = this.#tileOf(0);
    const entriesHold =
      width === tileWidth
        ? Buffer.compare(foldTile(expected, 0, tileWidth), await this.#publishedParent(n, size)) === 0
        : Buffer.compare(this.#edge.root(), root) === 0;
    const file = entriesHold ? wrong.file : bundlePath(n, width);
    throw new Unverified(file, wrong.position, 'the entry does not hash to its leaf in the tile');
  }

  async #publishedParent(position: number, size: number): Promise<Uint8Array> {
    const n = Math.floor(position / tileWidth);
    const width = Math.min(tileWidth, hashesAt(1, size) - n * tileWidth);
    const { bytes } = await this.#readTile((w) => tilePath(1, n, w), width, position * tileWidth);
    return bytes.subarray((position % tileWidth) * hashLength, ((position % tileWidth) + 1) * hashLength);
  }

  /** The tile of `level` whose last hash has just come, if that was its 256th. */
  async #checkFullTile(level: number): Promise<void> {
    const hashes = hashesAt(level, this.#edge.size);
    if (hashes % tileWidth === 0) await this.#demandTile(level, hashes / tileWidth - 1, tileWidth);
  }

  async #checkRightEdge(size: number): Promise<void> {
    for (let level = 1; hashesAt(level, size) > 0; level++) {
      const hashes = hashesAt(level, size);
      if (hashes % tileWidth > 0) await this.#demandTile(level, Math.floor(hashes / tileWidth), hashes % tileWidth);
    }
  }

  async #demandTile(level: number, n: number, width: number): Promise<void> {
    const wrong = await this.#mismatch(level, n, width);
    if (wrong === undefined) return;
    const index = wrong.position * tileWidth ** level;
    throw new Unverified(
      wrong.file,
      index,
      `hash ${wrong.position} of level ${level} is not the root of the tile below`,
    );
  }

  /** Where the published tile first differs from what the entries give. */
  async #mismatch(level: number, n: number, width: number): Promise<{ file: string; position: number } | undefined> {
    const first = n * tileWidth;
    const { file, bytes, full } = await this.#readTile((w) => tilePath(level, n, w), width, first * tileWidth ** level);
    const length = (full ? tileWidth : width) * hashLength;
    if (bytes.length !== length) {
      throw new Unverified(file, first * tileWidth ** level, `is ${bytes.length} octets long; it must be ${length}`);
    }
    const expected = this.#tileOf(level);
    for (let at = 0; at < width * hashLength; at++) {
      if (bytes[at] !== expected[at]) return { file, position: first + Math.floor(at / hashLength) };
    }
    return undefined;
  }

  #tileOf(level: number): Buffer {
    const tile = this.#expected[level] ?? Buffer.alloc(tileWidth * hashLength);
    this.#expected[level] = tile;
    return tile;
  }

  /** A partial tile may be gone once the full one is there. */
  async #readTile(
    path: (width: number) => string,
    width: number,
    index: number,
  ): Promise<{ file: string; bytes: Buffer; full: boolean }> {
    const asked = await this.#readIfThere(path(width));
    if (asked !== undefined) return { file: path(width), bytes: asked, full: width === tileWidth };
    const full = await this.#readIfThere(path(tileWidth));
    if (full === undefined) throw new Unverified(path(width), index, 'the file is missing');
    return { file: path(tileWidth), bytes: full, full: true };
  }

  async #readIfThere(file: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#directory, file));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) {
        return undefined;
      }
      throw new Unverified(file, undefined, 'the file cannot be read', { cause });
    }
  }

  #named<T>(file: string, index: number | undefined, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof Malformed)) throw cause;
      throw new Unverified(file, index, cause.message, { cause });
    }
  }
}
