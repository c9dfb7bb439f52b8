import { emptyRoot, hashLength } from '#audit/merkle.ts';
import { type HashSource, rangeRoot } from '#audit/merkle-proof.ts';
import { TileHashes } from '#audit/tile-hashes.ts';
import { tileWidth } from '#audit/tiles.ts';
import type { HashView } from './tree-view.ts';

/**
 * Works something out of a tree's hashes. Which tiles that takes follows from sizes and indexes alone, never from the
 * hashes: so it is run once over nothing, to hear which they are, and once over the tiles, when all have been fetched.
 */
export async function overHashes<T>(tree: Pick<HashView, 'tile'>, work: (hashes: HashSource) => T): Promise<T> {
  const wanted = new Map<string, readonly [level: number, n: number]>();
  work(
    new TileHashes((level, n) => {
      wanted.set(`${level}/${n}`, [level, n]);
      return blank;
    }),
  );
  const tiles = new Map<string, Uint8Array>();
  const fetched = [...wanted].map(async ([name, [level, n]]) => tiles.set(name, await tree.tile(level, n)));
  await Promise.all(fetched);
  return work(new TileHashes((level, n) => tiles.get(`${level}/${n}`) ?? none));
}

export async function rootOf(tree: Pick<HashView, 'tile'>, size: number): Promise<Uint8Array> {
  return size === 0 ? emptyRoot : overHashes(tree, (hashes) => rangeRoot(hashes, 0, size));
}

const blank = new Uint8Array(tileWidth * hashLength);
const none = new Uint8Array(0);
