import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBundle } from '#audit/bundle.ts';
import { emptyRoot, hashLength, leafHash, nodeHash, RightEdge } from '#audit/merkle.ts';
import { consistencyProof, inclusionProof, isConsistent, rangeRoot, rootFromInclusion } from '#audit/merkle-proof.ts';
import { TileHashes } from '#audit/tile-hashes.ts';
import { hashesAt, tileHeight, tileWidth } from '#audit/tiles.ts';
import { referenceConsistency, referencePath, referenceRoot, sourceOf } from './reference-tree.ts';
import { consistency3to7, entryRoots, inclusion5in7, tesseraEntries, tesseraFiles } from './tree-vectors.ts';

const base64 = (hash: Uint8Array) => Buffer.from(hash).toString('base64');
const hex = (hash: Uint8Array) => Buffer.from(hash).toString('hex');
const entriesUpTo = (size: number) => Array.from({ length: size }, (_, n) => Buffer.from(`entry-${n}`));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('Merkle tree of RFC 6962', () => {
  it('A-10: leaves and nodes are hashed as the vectors have it', () => {
    expect(hex(leafHash(Buffer.alloc(0)))).toMatch(/^6e340b9c.*afa01d$/);
    expect(hex(leafHash(Buffer.from('L123456')))).toMatch(/^395aa064.*2b4d56$/);
    expect(hex(nodeHash(leafHash(Buffer.from('L123456')), leafHash(Buffer.from('N123'))))).toMatch(
      /^1d3e8018.*ac4d63$/,
    );
    expect(base64(emptyRoot)).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });

  it.each(entryRoots.map((root, at) => [at + 1, root] as const))(
    'A-10: the root of size %i is that of x/mod',
    (size, root) => {
      const edge = new RightEdge();
      for (const entry of entriesUpTo(size)) edge.append(leafHash(entry));
      expect(base64(edge.root())).toBe(root);
    },
  );

  it('A-10: inclusion of 5 in 7 and consistency from 3 to 7 are those of x/mod', () => {
    const source = sourceOf(entriesUpTo(7));
    expect(inclusionProof(source, 5, 7).map(base64)).toEqual(inclusion5in7);
    expect(consistencyProof(source, 3, 7).map(base64)).toEqual(consistency3to7);
  });

  it.each(tesseraFiles)(
    'A-10: at size %i root, bundle and tile are those of Tessera, byte for byte',
    (size, root, bundle, tile) => {
      const entries = tesseraEntries.slice(0, size).map((entry) => Buffer.from(entry));
      const edge = new RightEdge();
      const hashes = entries.map(leafHash);
      for (const hash of hashes) edge.append(hash);
      expect(base64(edge.root())).toBe(root);
      if (size === 0) return;
      expect(sha256(encodeBundle(entries))).toBe(bundle);
      expect(sha256(Buffer.concat(hashes))).toBe(tile);
    },
  );

  it('has the same roots and proofs as the definition, for every size to 64', () => {
    const all = entriesUpTo(64);
    const edge = new RightEdge();
    for (let size = 1; size <= 64; size++) {
      const entries = all.slice(0, size);
      edge.append(leafHash(entries[size - 1] ?? Buffer.alloc(0)));
      expect(hex(edge.root())).toBe(hex(referenceRoot(entries)));
      const source = sourceOf(entries);
      for (let n = 0; n < size; n += 1 + Math.floor(size / 16)) {
        expect(inclusionProof(source, n, size).map(hex)).toEqual(referencePath(n, entries).map(hex));
        expect(consistencyProof(source, n + 1, size).map(hex)).toEqual(referenceConsistency(n + 1, entries).map(hex));
      }
    }
  });

  it('each proof to size 64 verifies, and no changed one does', () => {
    const all = entriesUpTo(64);
    for (let size = 1; size <= 64; size += 3) {
      const entries = all.slice(0, size);
      const root = referenceRoot(entries);
      const source = sourceOf(entries);
      for (let n = 0; n < size; n++) {
        const leaf = leafHash(all[n] ?? Buffer.alloc(0));
        const path = inclusionProof(source, n, size);
        const at = (index: number, p = path, s = size) => hex(rootFromInclusion(leaf, index, s, p) ?? Buffer.alloc(0));
        expect(at(n)).toBe(hex(root));
        if (size > 1) expect(at((n + 1) % size)).not.toBe(hex(root));
        expect(at(n, [...path, root])).not.toBe(hex(root));
        if (path.length > 0) expect(at(n, path.slice(1))).not.toBe(hex(root));
        const older = { size: n + 1, root: referenceRoot(all.slice(0, n + 1)) };
        const proof = consistencyProof(source, n + 1, size);
        expect(isConsistent(older, { size, root }, proof)).toBe(true);
        expect(isConsistent({ ...older, root: leaf }, { size, root: Buffer.from(root).reverse() }, proof)).toBe(false);
        expect(isConsistent(older, { size, root }, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(isConsistent(older, { size, root }, proof.slice(1))).toBe(false);
      }
    }
  });

  describe('in tiles', () => {
    const most = 70_000;
    const { levels, roots } = largeTree(most, [255, 256, 257, 65_535, 65_536, 65_537, 70_000]);
    const tiles = new TileHashes((level, n) =>
      Buffer.concat((levels[level] ?? []).slice(n * tileWidth, (n + 1) * tileWidth)),
    );

    it('roots at the edges of tiles equal those of the growing edge', () => {
      for (const [size, root] of roots) expect(hex(rangeRoot(tiles, 0, size))).toBe(hex(root));
    });

    it('inclusion holds at any place of any size', () => {
      fc.assert(
        fc.property(sizeAndIndex(most), ([size, index]) => {
          const path = inclusionProof(tiles, index, size);
          const root = rootFromInclusion(levels[0]?.[index] ?? Buffer.alloc(0), index, size, path);
          expect(hex(root ?? Buffer.alloc(0))).toBe(hex(rangeRoot(tiles, 0, size)));
        }),
        { numRuns: 60 },
      );
    });

    it('consistency holds between any two sizes, and not with the roots exchanged', () => {
      fc.assert(
        fc.property(sizeAndIndex(most), ([size, older]) => {
          fc.pre(older > 0);
          const [from, to] = [
            { size: older, root: rangeRoot(tiles, 0, older) },
            { size, root: rangeRoot(tiles, 0, size) },
          ];
          const proof = consistencyProof(tiles, older, size);
          expect(isConsistent(from, to, proof)).toBe(true);
          expect(isConsistent({ ...from, root: to.root }, { ...to, root: from.root }, proof)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });
  });
});

function sizeAndIndex(most: number) {
  return fc
    .integer({ min: 1, max: most })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));
}

function largeTree(size: number, remembered: readonly number[]) {
  const levels: Uint8Array[][] = [];
  const roots: [number, Uint8Array][] = [];
  const edge = new RightEdge();
  for (let n = 0; n < size; n++) {
    edge.append(leafHash(Buffer.from(`entry-${n}`)), (height, hash) => {
      if (height % tileHeight !== 0) return;
      const level = levels[height / tileHeight] ?? [];
      levels[height / tileHeight] = level;
      level.push(hash);
    });
    if (remembered.includes(n + 1)) roots.push([n + 1, edge.root()]);
  }
  expect(levels.map((hashes) => hashes.length)).toEqual(levels.map((_, level) => hashesAt(level, size)));
  expect(hashLength).toBe(32);
  return { levels, roots };
}
