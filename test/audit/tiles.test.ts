import { describe, expect, it } from 'vitest';
import { decodeBundle, encodeBundle, maxEntryLength } from '#audit/bundle.ts';
import { bundlePath, pathsOf, tilePath, tilesOf } from '#audit/tiles.ts';

describe('layout of a published log (C2SP tlog-tiles)', () => {
  it.each([
    [tilePath(0, 0), 'tile/0/000'],
    [tilePath(0, 0, 1), 'tile/0/000.p/1'],
    [tilePath(63, 999), 'tile/63/999'],
    [tilePath(1, 1_000), 'tile/1/x001/000'],
    [tilePath(0, 1_234_067), 'tile/0/x001/x234/067'],
    [tilePath(0, 1_234_067, 255), 'tile/0/x001/x234/067.p/255'],
    [bundlePath(273, 112), 'tile/entries/273.p/112'],
    [bundlePath(1_234_067), 'tile/entries/x001/x234/067'],
  ])('%s', (path, expected) => {
    expect(path).toBe(expected);
  });

  // Full tiles and the width of the partial one, for each level from the leaves up.
  const shapes: readonly (readonly [size: number, levels: readonly (readonly [full: number, partial: number])[]])[] = [
    [0, []],
    [1, [[0, 1]]],
    [255, [[0, 255]]],
    [
      256,
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      257,
      [
        [1, 1],
        [0, 1],
      ],
    ],
    [
      511,
      [
        [1, 255],
        [0, 1],
      ],
    ],
    [
      65_535,
      [
        [255, 255],
        [0, 255],
      ],
    ],
    [
      65_536,
      [
        [256, 0],
        [1, 0],
        [0, 1],
      ],
    ],
    [
      65_537,
      [
        [256, 1],
        [1, 0],
        [0, 1],
      ],
    ],
    [
      70_000,
      [
        [273, 112],
        [1, 17],
        [0, 1],
      ],
    ],
  ];

  it.each(shapes)('A-11: a tree of %i has just the tiles of the formula', (size, levels) => {
    const found: [number, number][] = [];
    for (const { level, width } of tilesOf(size)) {
      const shape = found[level] ?? [0, 0];
      found[level] = shape;
      if (width === 256) shape[0]++;
      else shape[1] = width;
    }
    expect(found).toEqual(levels);
  });

  it('A-11: each leaf tile has its bundle', () => {
    expect([...pathsOf(257)]).toEqual([
      'tile/entries/000',
      'tile/0/000',
      'tile/entries/001.p/1',
      'tile/0/001.p/1',
      'tile/1/000.p/1',
    ]);
  });
});

describe('entry bundle', () => {
  it('gives back the entries it was made of', () => {
    const entries = [Buffer.alloc(0), Buffer.from('one'), Buffer.alloc(maxEntryLength, 1)];
    expect(decodeBundle(encodeBundle(entries)).map((entry) => Buffer.from(entry))).toEqual(entries);
  });

  it('A-16: holds an entry of 65,535 octets and none of 65,536', () => {
    expect(encodeBundle([Buffer.alloc(65_535)])).toHaveLength(65_537);
    expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow('over 65535');
  });

  it.each([
    ['its length is cut', '00'],
    ['its entry is cut', '000261'],
    ['a second one is cut', '0001610001'],
  ])('is refused when %s', (_, bytes) => {
    expect(() => decodeBundle(Buffer.from(bytes, 'hex'))).toThrow('bundle ends inside entry');
  });

  it('refuses more than 256 entries', () => {
    expect(() => encodeBundle(Array.from({ length: 257 }, () => Buffer.alloc(1)))).toThrow('256 entries');
  });
});
