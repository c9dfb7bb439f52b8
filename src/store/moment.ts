import type { Head } from './head.ts';
import type { Awaitable, HashView } from './tree-view.ts';

/** Tiles that are kept: a handful of proofs needs a few of each level. */
const mostKept = 64;

/**
 * A tree's hashes as of the first question: what is asked of it several times, one after another, is fetched once. A tile is never
 * shorter than the head's tree has it, since it is fetched later.
 */
export class Moment implements HashView {
  readonly #tree: HashView;
  readonly #tiles = new Map<string, Awaitable<Uint8Array>>();
  #head: Awaitable<Head> | undefined;

  constructor(tree: HashView) {
    this.#tree = tree;
  }

  head(): Awaitable<Head> {
    this.#head ??= this.#tree.head();
    return this.#head;
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
