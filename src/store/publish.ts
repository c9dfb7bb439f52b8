import { join } from 'node:path';
import { encodeBundle } from '#audit/bundle.ts';
import { hashLength } from '#audit/merkle.ts';
import { bundlePath, checkpointPath, hashesAt, retainedPath, tilePath, tileWidth } from '#audit/tiles.ts';
import { removeDirectory, syncDirectory, writeNamed } from './durable-file.ts';
import { fault } from './fault.ts';
import type { Bodies, TreeView } from './tree-view.ts';

/**
 * Writes the bundles and tiles that a published tree of `to` entries has and one of `from` entries lacks. The files
 * follow from the store alone, byte for byte, so a crash half way is mended by writing them again.
 */
export async function publishTiles(
  tree: Pick<TreeView, 'entries' | 'tile'>,
  directory: string,
  from: number,
  to: number,
): Promise<void> {
  // Several files of a round lie in one directory.
  const directories = new Set<string>();
  for (let level = 0; hashesAt(level, to) > 0; level++) {
    for (const { n, width } of changedTiles(hashesAt(level, from), hashesAt(level, to))) {
      if (level === 0) {
        const first = n * tileWidth;
        directories.add(putBundle(directory, n, await tree.entries(first, first + width)));
        fault('publish.bundle');
      }
      const tile = await tree.tile(level, n);
      directories.add(putNamed(directory, tilePath(level, n, width), tile.subarray(0, width * hashLength)));
      fault('publish.tile');
    }
  }
  for (const each of directories) syncDirectory(each);
}

/** Of a bundle that was dropped, what was kept of it. */
function putBundle(directory: string, n: number, bodies: Bodies): string {
  const there = bodies.filter((body) => body !== undefined);
  const path = there.length < bodies.length ? retainedPath(n) : bundlePath(n, bodies.length);
  return putNamed(directory, path, encodeBundle(there));
}

/**
 * Takes from the published tree the bundle `n`, whose bodies were dropped: first what was kept of it stands there, then the
 * bundle goes, so that at no time a kept record is missing.
 */
export function removeDropped(directory: string, n: number, bodies: Bodies): void {
  const there = bodies.filter((body) => body !== undefined);
  put(directory, retainedPath(n), encodeBundle(there));
  fault('withdraw.retained');
  removeDirectory(join(directory, bundlePath(n)));
  removeDirectory(join(directory, `${bundlePath(n)}.p`));
}

/** Puts the signed checkpoint in place; all that it speaks of must be published. */
export function publishCheckpoint(directory: string, checkpoint: string): void {
  put(directory, checkpointPath, checkpoint, () => fault('publish.checkpoint.tmp'));
  fault('publish.checkpoint.renamed');
}

/** Puts a file in place whose name is durable once the directory is that it gives. */
function putNamed(directory: string, path: string, bytes: Uint8Array | string, beforeRename = () => {}): string {
  // One temporary name for all files, so that a crash leaves at most one behind, and none that looks like a tile.
  return writeNamed(join(directory, path), bytes, { temporary: join(directory, '.publishing'), beforeRename });
}

function put(directory: string, path: string, bytes: Uint8Array | string, beforeRename?: () => void): void {
  syncDirectory(putNamed(directory, path, bytes, beforeRename));
}

/** Removes the partial tiles and bundles that have become full between two published sizes; nobody needs them now. */
export function removeOutgrown(directory: string, from: number, to: number): void {
  for (let level = 0; hashesAt(level, to) > 0; level++) {
    for (const { n, width } of changedTiles(hashesAt(level, from), hashesAt(level, to))) {
      if (width < tileWidth) continue;
      if (level === 0) removeDirectory(join(directory, `${bundlePath(n)}.p`));
      removeDirectory(join(directory, `${tilePath(level, n)}.p`));
    }
  }
}

/** Tiles of one level that grow when its hashes go from `from` to `to`. */
function* changedTiles(from: number, to: number): Generator<{ n: number; width: number }> {
  if (from === to) return;
  for (let n = Math.floor(from / tileWidth); n * tileWidth < to; n++) {
    yield { n, width: Math.min(tileWidth, to - n * tileWidth) };
  }
}
