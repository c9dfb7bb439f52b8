import { hashLength, leafHashOfPrefixed, RightEdge, subtreeHeights } from '#audit/merkle.ts';
import { TileHashes, type TileReader } from '#audit/tile-hashes.ts';
import { hashesAt, tileHeight, tileWidth } from '#audit/tiles.ts';
import type { Head } from './head.ts';
import { StoreError } from './store-error.ts';

/** A tile as far as it is filled. */
export interface TileRow {
  readonly level: number;
  readonly n: number;
  readonly hashes: Uint8Array;
}

interface EdgeTile {
  readonly n: number;
  width: number;
  readonly hashes: Buffer;
  changed: boolean;
}

/** Places of the tiles that a tree of `size` grows at: one per level, where that is not just full. */
export function edgePlaces(size: number): { level: number; n: number; width: number }[] {
  const places: { level: number; n: number; width: number }[] = [];
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const hashes = hashesAt(level, size);
    const width = hashes % tileWidth;
    if (width > 0) places.push({ level, n: Math.floor(hashes / tileWidth), width });
  }
  return places;
}

/** A tree at its right edge: takes leaves, and knows which tiles they change. */
export class GrowingTree {
  readonly #edge: RightEdge;
  readonly #edgeTiles: EdgeTile[];
  readonly #full: TileRow[] = [];

  private constructor(edge: RightEdge, edgeTiles: EdgeTile[]) {
    this.#edge = edge;
    this.#edgeTiles = edgeTiles;
  }

  /** Of no entries yet. */
  static empty(): GrowingTree {
    return new GrowingTree(new RightEdge(), []);
  }

  /** Takes up a tree where it is stored; `tile` gives what `edgePlaces` names. Throws StoreError where it does not add up to the head. */
  static of({ size, root }: Head, tile: TileReader): GrowingTree {
    const edgeTiles: EdgeTile[] = [];
    for (let level = 0; hashesAt(level, size) > 0; level++) {
      edgeTiles.push(emptyTile(Math.floor(hashesAt(level, size) / tileWidth)));
    }
    for (const { level, n, width } of edgePlaces(size))
      edgeTiles[level] = readEdgeTile(tile(level, n), level, n, width);
    const edge = readEdge(tile, size);
    if (Buffer.compare(edge.root(), root) !== 0) {
      throw new StoreError('damaged', `the stored tiles do not add up to the root of size ${size}`);
    }
    return new GrowingTree(edge, edgeTiles);
  }

  get size(): number {
    return this.#edge.size;
  }

  /** Another that grows on its own, with no tile changed yet. */
  copy(): GrowingTree {
    return new GrowingTree(
      RightEdge.of(this.size, this.#edge.roots),
      this.#edgeTiles.map((tile, level) => partTile(rowOf(level, tile))),
    );
  }

  root(): Uint8Array {
    return this.#edge.root();
  }

  /** Takes in an entry that a 00 octet stands before in its buffer, as `placeBatch` leaves them. */
  append(entry: Uint8Array): void {
    const prefixed = new Uint8Array(entry.buffer, entry.byteOffset - 1, entry.byteLength + 1);
    this.appendLeaf(leafHashOfPrefixed(prefixed));
  }

  /** Takes in the hash of an entry. */
  appendLeaf(leaf: Uint8Array): void {
    this.#edge.append(leaf, (height, root) => {
      if (height % tileHeight === 0) this.#extendTile(height / tileHeight, root);
    });
  }

  /** The tiles that have changed since they were last taken. */
  takeChanged(): TileRow[] {
    const changed = this.#full.splice(0);
    for (const [level, tile] of this.#edgeTiles.entries()) {
      if (!tile.changed) continue;
      changed.push(rowOf(level, tile));
      tile.changed = false;
    }
    return changed;
  }

  /** The tiles that it grows at, as they are now. */
  edge(): TileRow[] {
    return this.#edgeTiles.flatMap((tile, level) => (tile.width === 0 ? [] : [rowOf(level, tile)]));
  }

  #extendTile(level: number, hash: Uint8Array): void {
    const tile = this.#edgeTiles[level] ?? emptyTile(0);
    this.#edgeTiles[level] = tile;
    tile.hashes.set(hash, tile.width * hashLength);
    tile.width++;
    tile.changed = true;
    if (tile.width < tileWidth) return;
    this.#full.push(rowOf(level, tile));
    this.#edgeTiles[level] = emptyTile(tile.n + 1);
  }
}

function rowOf(level: number, { n, width, hashes }: EdgeTile): TileRow {
  return { level, n, hashes: hashes.subarray(0, width * hashLength) };
}

function emptyTile(n: number): EdgeTile {
  return { n, width: 0, hashes: Buffer.alloc(tileWidth * hashLength), changed: false };
}

function readEdgeTile(found: Uint8Array, level: number, n: number, width: number): EdgeTile {
  if (found.length !== width * hashLength) {
    throw new StoreError('damaged', `tile ${n} of level ${level} should hold ${width} hashes`);
  }
  return partTile({ n, hashes: found });
}

function partTile({ n, hashes }: Omit<TileRow, 'level'>): EdgeTile {
  const tile = emptyTile(n);
  tile.width = hashes.length / hashLength;
  tile.hashes.set(hashes);
  return tile;
}

/** Each complete subtree of the edge lies within one of the edge's tiles. */
function readEdge(tile: TileReader, size: number): RightEdge {
  const source = new TileHashes(tile);
  let at = 0;
  const roots = subtreeHeights(size).map((height) => {
    const root = source.subtree(height, at / 2 ** height);
    at += 2 ** height;
    return root;
  });
  return RightEdge.of(size, roots);
}
