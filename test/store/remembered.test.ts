import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashLength } from '#audit/merkle.ts';
import { tileWidth } from '#audit/tiles.ts';
import { GrowingTree } from '#store/growing-tree.ts';
import type { Head } from '#store/head.ts';
import { Remembered } from '#store/postgres/remembered.ts';
import type { Row } from '#store/postgres/session.ts';

const leaves = Array.from({ length: 1_600 }, () => randomBytes(hashLength));

function treeOf(hashes: readonly Uint8Array[]): GrowingTree {
  const tree = GrowingTree.empty();
  for (const leaf of hashes) tree.appendLeaf(leaf);
  return tree;
}

const headOf = (tree: GrowingTree): Head => ({ size: tree.size, root: tree.root(), time: 0 });

/** As the database answers `added` where it holds these leaves. */
function answer(remembered: Remembered, hashes: readonly Uint8Array[]): Row[] {
  const [first = 0, octet = 1] = remembered.added().values.map(Number);
  const tiles = Array.from({ length: Math.ceil(hashes.length / tileWidth) }, (_, n) => {
    const whole = Buffer.concat(hashes.slice(n * tileWidth, (n + 1) * tileWidth));
    return { hashes: n === first ? whole.subarray(octet - 1) : whole };
  });
  return tiles.slice(first, first + 8);
}

const sizes = fc.tuple(fc.nat(800), fc.nat(800));

/** Each tile that is to be written, by its place. */
function written(tree: GrowingTree): Map<string, string> {
  return new Map(
    tree.takeChanged().map(({ level, n, hashes }) => [`${level}/${n}`, Buffer.from(hashes).toString('hex')]),
  );
}

describe('a tree that others have added to', () => {
  it('is what was seen with their leaves behind it, and writes what one that took them all would', () => {
    const property = fc.property(sizes, fc.integer({ min: 1, max: 9 }), ([seen, added], own) => {
      const size = seen + added;
      const whole = treeOf(leaves.slice(0, size));
      whole.takeChanged();
      const remembered = new Remembered(headOf(treeOf(leaves.slice(0, seen))), treeOf(leaves.slice(0, seen)));
      const tree = remembered.grown(answer(remembered, leaves.slice(0, size)), headOf(whole));
      for (const leaf of leaves.slice(0, own)) {
        tree?.appendLeaf(leaf);
        whole.appendLeaf(leaf);
      }
      expect(tree?.root()).toEqual(whole.root());
      expect(tree && written(tree)).toEqual(written(whole));
      // what was seen has not grown
      expect(remembered.tree().root()).toEqual(remembered.head.root);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('is none where the root is of anything else: another past, another leaf, one more or fewer, or an older tree', () => {
    const property = fc.property(sizes, fc.nat(), fc.nat(255), ([seen, more], where, bit) => {
      const added = more + 1;
      const stored = leaves.slice(0, seen + added);
      const head = headOf(treeOf(stored));
      const seenTree = treeOf(stored.slice(0, seen));
      const remembered = new Remembered(headOf(seenTree), seenTree);
      const changed = (index: number) =>
        stored.map((leaf, i) => {
          const other = Buffer.from(leaf);
          if (i === index) other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return other;
        });
      expect(remembered.grown(answer(remembered, stored), head)).toBeDefined();
      expect(remembered.grown(answer(remembered, changed(seen + (where % added))), head)).toBeUndefined();
      expect(remembered.grown(answer(remembered, stored.slice(0, -1)), head)).toBeUndefined();
      expect(remembered.grown(answer(remembered, [...stored, randomBytes(hashLength)]), head)).toBeUndefined();
      if (seen === 0) return;
      const past = changed(where % seen);
      expect(remembered.grown(answer(remembered, past), headOf(treeOf(past)))).toBeUndefined();
      const older = treeOf(stored.slice(0, seen - 1));
      expect(remembered.grown(answer(remembered, stored), headOf(older))).toBeUndefined();
    });
    fc.assert(property, { numRuns: 100 });
  });
});
