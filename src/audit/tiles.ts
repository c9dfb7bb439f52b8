/** Layout of a published log: C2SP tlog-tiles v0.1.0. Tiles are 256 hashes wide. */

export const tileWidth = 256;
export const tileHeight = 8;

/** Name of the checkpoint's file. */
export const checkpointPath = 'checkpoint';

/** Path of a tile of hashes; `width` below 256 is a partial tile. */
export function tilePath(level: number, index: number, width: number = tileWidth): string {
  return `tile/${level}/${numbered(index, width)}`;
}

/** Path of a bundle of entries; `width` below 256 is a partial bundle. */
export function bundlePath(index: number, width: number = tileWidth): string {
  return `tile/entries/${numbered(index, width)}`;
}

/** What is left of a bundle whose bodies were dropped: its kept entries, as a bundle. A path of our own beside the format's. */
export function retainedPath(index: number): string {
  return `retained/${numbered(index, tileWidth)}`;
}

function numbered(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width < tileWidth ? `${path}.p/${width}` : path;
}

/** Hashes at `level` of a tree of `size` leaves: one per complete subtree of 256^level leaves. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level);
}

/** One tile of a tree. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** Every tile of a tree of `size` leaves, from the leaves up, left to right; the last of a level may be partial. */
export function* tilesOf(size: number): Generator<TilePlace> {
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const hashes = hashesAt(level, size);
    for (let index = 0; index * tileWidth < hashes; index++) {
      yield { level, index, width: Math.min(tileWidth, hashes - index * tileWidth) };
    }
  }
}

/** The paths of a whole published log, less the checkpoint: bundles and tiles. */
export function* pathsOf(size: number): Generator<string> {
  for (const { level, index, width } of tilesOf(size)) {
    if (level === 0) yield bundlePath(index, width);
    yield tilePath(level, index, width);
  }
}
