import { hashLength } from '#audit/merkle.ts';
import { tileWidth } from '#audit/tiles.ts';
import { GrowingTree } from '../growing-tree.ts';
import type { Head } from '../head.ts';
import { StoreError } from '../store-error.ts';
import { asBytes, asInteger } from './columns.ts';
import type { Row, Statement } from './session.ts';
import { statements } from './statements.ts';

/**
 * What a replica saw of the tree last, in a commit of its own or at the start. The tree that it meets next must hold it:
 * a database that went back, to a backup or to a standby that had not received everything, is found before anything is
 * added to it.
 */
export class Remembered {
  readonly head: Head;
  /** As of the head; only copies of it grow. */
  readonly #tree: GrowingTree;

  /** `tree` is given away. */
  constructor(head: Head, tree: GrowingTree) {
    this.head = head;
    this.#tree = tree;
  }

  /** The tree as it was seen, to be grown. */
  tree(): GrowingTree {
    return this.#tree.copy();
  }

  /** Asks for the leaves that others have added since. */
  added(): Statement {
    const { size } = this.head;
    const values = [Math.floor(size / tileWidth), (size % tileWidth) * hashLength + 1];
    return { text: statements.leaves, values };
  }

  /**
   * The tree under `head`, whose row must be locked: what was seen, and the answer to `added` behind it. Undefined where that
   * is not what the root was made of; then `read` says why, or that others have only added more than was asked for.
   */
  grown(rows: readonly Row[], { size, root }: Head): GrowingTree | undefined {
    if (size < this.head.size) return undefined;
    const tree = this.tree();
    for (const row of rows) {
      const leaves = asBytes(row.hashes, 'the hashes of a tile');
      for (let at = 0; at < leaves.length; at += hashLength) tree.appendLeaf(leaves.subarray(at, at + hashLength));
    }
    if (tree.size !== size || Buffer.compare(tree.root(), root) !== 0) return undefined;
    // Others have written these.
    tree.takeChanged();
    return tree;
  }

  /** Asks for the tiles that the tree grows at, and for those that grew when we looked last. */
  static edge(before?: Remembered): Statement {
    const edge = before === undefined ? [] : before.#tree.edge();
    return { text: statements.edge, values: [edge.map(({ level }) => level), edge.map(({ n }) => n)] };
  }

  /**
   * The tree as it is stored under `head`, whose row must be locked or alone, from the answer to `edge`. One question, however
   * much others have added: the tiles that grew when we looked last must begin as they did.
   */
  static read(rows: readonly Row[], head: Head, before?: Remembered): GrowingTree {
    if (before !== undefined && head.size < before.head.size) {
      throw new StoreError(
        'rolled-back',
        `the log's database has ${head.size} entries and had ${before.head.size}: it went back to an older state, and must not be added to`,
        head.size,
      );
    }
    const tiles = new Map(
      rows.map(({ level, n, hashes }) => {
        const name = `${asInteger(level, 'the level of a tile')}/${asInteger(n, 'the number of a tile')}`;
        return [name, asBytes(hashes, `tile ${name}`)];
      }),
    );
    const tile = (level: number, n: number) => {
      const hashes = tiles.get(`${level}/${n}`);
      if (hashes === undefined) throw new StoreError('damaged', `tile ${n} of level ${level} is missing`);
      return hashes;
    };
    for (const { level, n, hashes } of before === undefined ? [] : before.#tree.edge()) {
      if (Buffer.compare(tile(level, n).subarray(0, hashes.length), hashes) === 0) continue;
      throw new StoreError(
        'rolled-back',
        `the log's database has other entries than it had: tile ${n} of level ${level} no longer begins with the ${hashes.length / hashLength} hashes that were committed`,
      );
    }
    return GrowingTree.of(head, tile);
  }
}
