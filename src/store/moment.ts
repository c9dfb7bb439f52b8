import type { Head } from './head.ts';
import type { Awaitable, Bodies, HashView, TreeView } from './tree-view.ts';

/** What is published of a tree. */
type Published = HashView & Pick<TreeView, 'entries'>;

/** Tiles that are kept: a handful of proofs needs a few of each level. */
const mostKept = 64;

/**
 * A tree as of the first question: head and tiles, which are asked for several times, one after another, are fetched once. A tile is
 * never shorter than the head's tree has it, since it is fetched later.
 */
export class Moment implements Published {
  readonly #tree: Published;
  readonly #tiles = new Map<string, Awaitable<Uint8Array>>();
  #head: Awaitable<Head> | undefined;

  constructor(tree: Published) {
    this.#tree = tree;
  }

  head(): Awaitable<Head> {
    this.#head ??= this.#tree.head();
    return this.#head;
  }

  entries(from: number, to: number): Awaitable<Bodies> {
    return this.#tree.entries(from, to);
  }

  async tile(level: number, n: number): Promise<Uint8Array> {
    await this.head();
    const name = `${level}/${n}`;
    const kept = this.#tiles.get(name);
    if (kept !== undefined) return kept;
    const tile = this.#tree.tile(level, n);
    if (this.#tiles.size < mostKept) this.#tiles.set(name, tile);
    return tile;
  }
}
