import { leafHash, RightEdge } from '#audit/merkle.ts';
import { tileHeight, tileWidth } from '#audit/tiles.ts';
import type { TreeView } from '#store/tree-view.ts';

/** A tree whose entries are the numbers from 0. */
export function treeOfNumbers(size: number): Pick<TreeView, 'entries' | 'tile'> {
  const levels: Uint8Array[][] = [];
  const edge = new RightEdge();
  for (let n = 0; n < size; n++) {
    edge.append(leafHash(Buffer.from(String(n))), (height, hash) => {
      if (height % tileHeight !== 0) return;
      const level = levels[height / tileHeight] ?? [];
      levels[height / tileHeight] = level;
      level.push(hash);
    });
  }
  const tile = (level: number, n: number) =>
    Buffer.concat((levels[level] ?? []).slice(n * tileWidth, (n + 1) * tileWidth));
  return {
    entries: (from, to) => Array.from({ length: to - from }, (_, at) => Buffer.from(String(from + at))),
    tile,
  };
}
