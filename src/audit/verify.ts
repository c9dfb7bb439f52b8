import { AbsentBodies } from './absent-bodies.ts';
import { encodeBundle } from './bundle.ts';
import { type Checkpoint, openCheckpoint, type ReadCheckpoint } from './checkpoint.ts';
import { decodeEntry, type Entry } from './entry.ts';
import { type KeptCheckpoint, KeptCheckpoints } from './kept-checkpoint.ts';
import { hashLength, RightEdge } from './merkle.ts';
import { named, type PublishedBundle, readBundle } from './published-bundle.ts';
import { type PathByWidth, PublishedFiles } from './published-files.ts';
import { demandQuorum } from './quorum.ts';
import type { Span } from './runs.ts';
import { foldTile } from './tile-hashes.ts';
import { bundlePath, checkpointPath, hashesAt, tileHeight, tilePath, tileWidth } from './tiles.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { Unverified } from './unverified.ts';
import { type NoteVerifier, parseVkeys } from './vkey.ts';

/** A log that is whole. */
export interface VerifiedLog extends ReadCheckpoint {
  /** Records of which only the hashes are left. */
  readonly hashesOnly: readonly Span[];
}

export interface VerifyOptions {
  /** Told after each bundle: entries checked, entries in all. */
  readonly onProgress?: (checked: number, size: number) => void;
  /** Of earlier visits: each has to be a beginning of this log. */
  readonly kept?: readonly KeptCheckpoint[];
  /** Whose quorum has to have cosigned the checkpoint. */
  readonly policy?: TrustPolicy | undefined;
  /** A folder of the same form that holds what was dropped from the first. */
  readonly archive?: string | undefined;
  /** Given each entry in order while it is checked; that all of them are under the signed root is known at the end only. */
  readonly onEntry?: (entry: Entry) => void;
}

/**
 * Checks a published log from its directory and its public key (a C2SP vkey, or one a line) alone: each entry canonical,
 * at its own index, never older than the one before; entries → leaf hashes → tiles, those of earlier sizes too → root →
 * signed checkpoint; each `kept` checkpoint a beginning of it; and the quorum of a policy, where there is one. Bodies that a
 * record of the log says were dropped may be missing, unless they are in `archive`, a folder of the same form; their hashes
 * may not. Holds one bundle and one tile per level in memory. Throws Unverified, or Malformed for the vkey.
 */
export async function verifyDirectory(
  directory: string,
  vkey: string,
  options: VerifyOptions = {},
): Promise<VerifiedLog> {
  return new Verification(new PublishedFiles(directory, options.archive), parseVkeys(vkey), options).run();
}

class Verification {
  readonly #files: PublishedFiles;
  readonly #verifiers: readonly NoteVerifier[];
  readonly #options: VerifyOptions;
  readonly #edge = new RightEdge();
  /** The hashes of the newest tile of each level, as they follow from the entries. */
  readonly #expected: Buffer[] = [];
  readonly #kept: KeptCheckpoints;
  readonly #absent = new AbsentBodies();
  #time = '';

  constructor(files: PublishedFiles, verifiers: readonly NoteVerifier[], options: VerifyOptions) {
    this.#files = files;
    this.#verifiers = verifiers;
    this.#options = options;
    this.#kept = new KeptCheckpoints(options.kept ?? []);
  }

  async run(): Promise<VerifiedLog> {
    const checkpoint = await this.#checkpoint();
    const { size } = checkpoint;
    this.#kept.demandGrowth(size);
    this.#kept.meet(this.#edge);
    this.#kept.demandMet();
    for (let n = 0; n * tileWidth < size; n++) {
      const width = Math.min(tileWidth, size - n * tileWidth);
      const bundle = await readBundle(this.#files, n, width);
      this.#absent.note(bundle, n);
      const grown = this.#append(bundle, n);
      await this.#checkLeafTile(n, width, checkpoint);
      this.#kept.demandMet();
      await this.#checkOlderBundles(n, bundle);
      for (let level = 1; level <= grown; level++) await this.#checkFullTile(level);
      this.#options.onProgress?.(n * tileWidth + width, size);
    }
    await this.#checkRightEdge(size);
    if (Buffer.compare(this.#edge.root(), checkpoint.root) !== 0) {
      throw new Unverified(checkpointPath, undefined, `the ${size} entries have another root than the one it signs`);
    }
    return { ...checkpoint, hashesOnly: this.#absent.demandSaid() };
  }

  async #checkpoint(): Promise<ReadCheckpoint> {
    const bytes = await this.#files.readIfThere(checkpointPath);
    if (bytes === undefined) throw new Unverified(checkpointPath, undefined, 'the file is missing');
    return named(checkpointPath, undefined, () => {
      const { policy } = this.#options;
      const checkpoint = openCheckpoint(bytes, ...this.#verifiers);
      if (policy !== undefined) demandQuorum(checkpoint.note, policy.witnesses, policy.quorum);
      return checkpoint;
    });
  }

  /** Takes in the entries of bundle `n`; gives the highest level that has got a hash by them. */
  #append({ file, entries, leaves }: PublishedBundle, n: number): number {
    let grown = 0;
    for (const [at, leaf] of leaves.entries()) {
      const bytes = entries[at];
      if (bytes !== undefined) this.#checkEntry(file, n * tileWidth + at, bytes);
      this.#edge.append(leaf, (height, root) => {
        if (height % tileHeight !== 0) return;
        grown = height / tileHeight;
        const position = (this.#edge.size + 1) / 2 ** height - 1;
        this.#tileOf(grown).set(root, (position % tileWidth) * hashLength);
      });
      this.#kept.meet(this.#edge);
    }
    return grown;
  }

  #checkEntry(file: string, index: number, bytes: Uint8Array): void {
    const entry = named(file, index, () => decodeEntry(bytes));
    const { seq, time } = entry;
    if (seq !== index) throw new Unverified(file, index, `says that it is entry ${seq}`);
    if (time < this.#time)
      throw new Unverified(file, index, `its time ${time} is before ${this.#time} of the one before`);
    this.#time = time;
    this.#options.onEntry?.(entry);
    this.#absent.hear(file, entry);
  }

  async #checkLeafTile(n: number, width: number, { size, root }: Checkpoint): Promise<void> {
    const wrong = await this.#mismatch(0, n, width);
    if (wrong === undefined) return this.#checkOlderTiles(0, n, width);
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
    const { bytes } = await this.#files.tile((w) => tilePath(1, n, w), width, position * tileWidth);
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
    if (wrong === undefined) return this.#checkOlderTiles(level, n, width);
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
    const index = first * tileWidth ** level;
    const { file, bytes, full } = await this.#files.tile((w) => tilePath(level, n, w), width, index);
    const length = (full ? tileWidth : width) * hashLength;
    if (bytes.length !== length) {
      throw new Unverified(file, index, `is ${bytes.length} octets long; it must be ${length}`);
    }
    const at = firstDifference(bytes.subarray(0, width * hashLength), this.#tileOf(level));
    return at === undefined ? undefined : { file, position: first + Math.floor(at / hashLength) };
  }

  /** Tiles that were published when the tree was smaller: whoever holds a checkpoint of that time reads them. */
  #checkOlderTiles(level: number, n: number, width: number): Promise<void> {
    const index = n * tileWidth ** (level + 1);
    return this.#checkOlder(
      (w) => tilePath(level, n, w),
      width,
      index,
      (w) => this.#tileOf(level).subarray(0, w * hashLength),
    );
  }

  async #checkOlderBundles(n: number, { entries, whole }: PublishedBundle): Promise<void> {
    const there = entries.filter((entry) => entry !== undefined);
    if (!whole) return;
    return this.#checkOlder(
      (w) => bundlePath(n, w),
      entries.length,
      n * tileWidth,
      (w) => encodeBundle(there.slice(0, w)),
    );
  }

  async #checkOlder(path: PathByWidth, width: number, index: number, expected: (w: number) => Uint8Array) {
    for (const older of await this.#files.widthsBelow(path, width)) {
      const bytes = await this.#files.readIfThere(path(older));
      if (bytes !== undefined && Buffer.compare(bytes, expected(older)) !== 0)
        throw new Unverified(path(older), index, 'is not the beginning of what stands there now');
    }
  }

  #tileOf(level: number): Buffer {
    const tile = this.#expected[level] ?? Buffer.alloc(tileWidth * hashLength);
    this.#expected[level] = tile;
    return tile;
  }
}

function firstDifference(bytes: Uint8Array, expected: Uint8Array): number | undefined {
  const at = bytes.findIndex((octet, i) => octet !== expected[i]);
  return at < 0 ? undefined : at;
}
