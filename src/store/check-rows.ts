import { hashLength } from '#audit/merkle.ts';
import { hashesAt, tileWidth } from '#audit/tiles.ts';
import { StoreError } from './store-error.ts';

/** The rows of a level's tiles, added up. */
export interface LevelRows {
  readonly level: unknown;
  readonly tiles: unknown;
  /** Least and greatest number of a tile. */
  readonly first: unknown;
  readonly last: unknown;
  readonly octets: unknown;
}

/** An entry that the tree knows nothing of. `seq`: of the first such row, where there is one. Throws StoreError `damaged`. */
export function demandNoStray(size: number, seq: number | undefined): void {
  if (seq === undefined) return;
  const problem = `the tree has ${size} entries, and there is one of index ${seq}`;
  throw new StoreError('damaged', problem, Math.max(seq, 0));
}

/** A value that is kept beside an entry that is not there. Throws StoreError `damaged`. */
export function demandNoStrayValue(seq: unknown): void {
  if (typeof seq !== 'number') return;
  throw new StoreError('damaged', `a value is kept beside entry ${seq}, of which nothing is left`, Math.max(seq, 0));
}

/**
 * The tiles of a store of `size` entries are those that they make, and no others: number, first, last and octets of each
 * level, with rows that are unique, leave no room for another. `levels` by level. Throws StoreError `damaged`.
 */
export function demandTileRows(size: number, levels: readonly LevelRows[]): void {
  for (const [level, row] of levels.entries()) {
    const hashes = row.level === level ? hashesAt(level, size) : 0;
    const tiles = Math.ceil(hashes / tileWidth);
    const fits = row.tiles === tiles && row.first === 0 && row.last === tiles - 1 && row.octets === hashes * hashLength;
    if (!fits) throw new StoreError('damaged', `the tiles of level ${row.level} are not those of ${size} entries`, 0);
  }
  if (hashesAt(levels.length, size) > 0)
    throw new StoreError('damaged', `there are no tiles of level ${levels.length}`, 0);
}
