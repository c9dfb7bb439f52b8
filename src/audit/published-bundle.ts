import { decodeBundle } from './bundle.ts';
import { decodeEntry } from './entry.ts';
import { Malformed } from './malformed.ts';
import { hashLength, leafHash } from './merkle.ts';
import type { PublishedFiles } from './published-files.ts';
import { bundlePath, retainedPath, tilePath, tileWidth } from './tiles.ts';
import { Unverified } from './unverified.ts';

/** A bundle as it is published. */
export interface PublishedBundle {
  readonly file: string;
  /** Undefined where only the hash is left. */
  readonly entries: readonly (Uint8Array | undefined)[];
  /** Hashes of the entries: their own, or what stands in the tile where they are not all there. */
  readonly leaves: readonly Uint8Array[];
  readonly whole: boolean;
}

/**
 * The first `width` entries of bundle `n`. Of one that was dropped, what was kept of it: whether it was to be dropped is for the
 * log to say. Throws Unverified.
 */
export async function readBundle(files: PublishedFiles, n: number, width: number): Promise<PublishedBundle> {
  const first = n * tileWidth;
  const found = await files.tileIfThere((w) => bundlePath(n, w), width);
  if (found === undefined) return readRetained(files, n, width);
  const { file, bytes, full } = found;
  const all = named(file, first, () => decodeBundle(bytes, first));
  const expected = full ? tileWidth : width;
  if (all.length !== expected) {
    const index = first + misplaced(all, first);
    throw new Unverified(file, index, `the bundle holds ${all.length} entries; there must be ${expected}`);
  }
  const entries = all.slice(0, width);
  return { file, entries, leaves: entries.map(leafHash), whole: true };
}

async function readRetained(files: PublishedFiles, n: number, width: number): Promise<PublishedBundle> {
  const first = n * tileWidth;
  const file = retainedPath(n);
  const bytes = await files.readIfThere(file);
  if (bytes === undefined) throw new Unverified(bundlePath(n, width), first, 'the file is missing');
  const tile = await files.tile((w) => tilePath(0, n, w), width, first);
  const leaves = Array.from({ length: width }, (_, at) => tile.bytes.subarray(at * hashLength, (at + 1) * hashLength));
  const entries: (Uint8Array | undefined)[] = Array.from({ length: width }, () => undefined);
  for (const entry of named(file, first, () => decodeBundle(bytes, first))) {
    const at = named(file, first, () => decodeEntry(entry)).seq - first;
    const leaf = leaves[at];
    if (leaf === undefined || entries[at] !== undefined)
      throw new Unverified(file, first, `holds entry ${first + at}, which does not belong there`);
    if (Buffer.compare(leafHash(entry), leaf) !== 0)
      throw new Unverified(file, first + at, 'the entry does not hash to its leaf in the tile');
    entries[at] = entry;
  }
  return { file, entries, leaves, whole: false };
}

/** Which of these entries is the first that does not say its own index: where one is missing, or is too many. */
function misplaced(entries: readonly Uint8Array[], first: number): number {
  const at = entries.findIndex((entry, i) => i >= tileWidth || indexIn(entry) !== first + i);
  return at < 0 ? entries.length : at;
}

function indexIn(entry: Uint8Array): number | undefined {
  try {
    return decodeEntry(entry).seq;
  } catch {
    return undefined;
  }
}

/** Malformed becomes Unverified of this file. */
export function named<T>(file: string, index: number | undefined, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Unverified(file, index, cause.message.replace(/^checkpoint: /, ''), { cause });
  }
}
