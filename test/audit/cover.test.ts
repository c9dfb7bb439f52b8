import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverOf, skip } from '#audit/cover.ts';
import { leafHash, RightEdge } from '#audit/merkle.ts';
import { referenceRoot, sourceOf } from './reference-tree.ts';

const entriesUpTo = (size: number) => Array.from({ length: size }, (_, n) => Buffer.from(`entry-${n}`));

describe('what stands for leaves that are not shown', () => {
  it('leads from any choice of leaves to the root of the whole tree', async () => {
    const choice = fc
      .integer({ min: 0, max: 300 })
      .chain((size) => fc.tuple(fc.constant(size), fc.subarray(entriesUpTo(size).map((_, n) => n))));
    await fc.assert(
      fc.asyncProperty(choice, async ([size, chosen]) => {
        const entries = entriesUpTo(size);
        const source = sourceOf(entries);
        const edge = new RightEdge();
        for (const index of chosen) {
          await skip(edge, index, source);
          edge.append(leafHash(entries[index] ?? Buffer.alloc(0)));
        }
        await skip(edge, size, source);
        expect(edge.size).toBe(size);
        expect(Buffer.from(edge.root())).toEqual(Buffer.from(referenceRoot(entries)));
      }),
      { numRuns: 60 },
    );
  });

  it('is the fewest subtrees: never two for each level but the last', () => {
    const heights = (from: number, to: number) => [...coverOf(from, to)].map(({ height }) => height);
    expect(heights(0, 8)).toEqual([3]);
    expect(heights(3, 11)).toEqual([0, 2, 1, 0]);
    expect(heights(5, 5)).toEqual([]);
    expect(heights(0, 2 ** 40 + 1)).toEqual([40, 0]);
  });

  it('refuses a subtree where none can begin', () => {
    const edge = new RightEdge();
    edge.append(leafHash(Buffer.from('a')));
    expect(() => edge.appendSubtree(1, leafHash(Buffer.from('b')))).toThrow(RangeError);
  });
});
