import { hashLength, nodeHash } from './merkle.ts';
import type { HashSource } from './merkle-proof.ts';
import { tileHeight, tileWidth } from './tiles.ts';

/** Gives the hashes of tile `index` of `level`: at least the complete ones of the tree in question. */
export type TileReader = (level: number, index: number) => Uint8Array;

/** Subtree roots out of tiles: a subtree that is no tile's entry is hashed up from the entries of one tile. */
export class TileHashes implements HashSource {
  readonly #read: TileReader;

  constructor(read: TileReader) {
    this.#read = read;
  }

  subtree(height: number, index: number): Uint8Array {
    const { level, n, first, span } = placeInTiles(height, index);
    return foldTile(this.#read(level, n), first, span);
  }
}

/** The hashes that the root of a complete subtree is folded from: `span` of them from number `first` of tile `n` of `level`. */
export function placeInTiles(height: number, index: number): { level: number; n: number; first: number; span: number } {
  const level = Math.floor(height / tileHeight);
  const span = 2 ** (height % tileHeight);
  const at = index * span;
  return { level, n: Math.floor(at / tileWidth), first: at % tileWidth, span };
}

/** Root over `span` (a power of two) hashes of a tile, from its hash number `first`. */
export function foldTile(tile: Uint8Array, first: number, span: number): Uint8Array {
  if (tile.length < (first + span) * hashLength) {
    throw new RangeError(`a tile of ${tile.length / hashLength} hashes has no hash ${first + span - 1}`);
  }
  let hashes: Uint8Array[] = [];
  for (let at = first; at < first + span; at++) hashes.push(tile.subarray(at * hashLength, (at + 1) * hashLength));
  while (hashes.length > 1) {
    const parents: Uint8Array[] = [];
    for (let at = 0; at + 1 < hashes.length; at += 2) {
      const [left, right] = [hashes[at], hashes[at + 1]];
      if (left !== undefined && right !== undefined) parents.push(nodeHash(left, right));
    }
    hashes = parents;
  }
  const [root] = hashes;
  if (root === undefined) throw new RangeError('no hashes to fold');
  return root;
}
