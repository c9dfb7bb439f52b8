import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathsOf } from '#audit/tiles.ts';
import { publishTiles, removeOutgrown } from '#store/publish.ts';
import { filesUnder } from './files-under.ts';
import { treeOfNumbers } from './tree-of-numbers.ts';

describe('published files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'countersign-publish-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('A-11: at each size are those of the formula, and of older sizes only partial tiles that are still partial', async () => {
    const tree = treeOfNumbers(70_000);
    let published = 0;
    for (const size of [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000]) {
      await publishTiles(tree, directory, published, size);
      removeOutgrown(directory, published, size);
      published = size;
      const expected = new Set(pathsOf(size));
      const found = filesUnder(directory);
      expect(expected.difference(new Set(found))).toEqual(new Set());
      const partial = new Set([...expected].flatMap((path) => /^(.*\.p)\/[0-9]+$/.exec(path)?.[1] ?? []));
      for (const path of new Set(found).difference(expected)) {
        expect(partial, `${path} at size ${size}`).toContain(path.replace(/\/[0-9]+$/, ''));
      }
    }
  }, 60_000);

  it('A-20: are the same octets whether published in one go, in many, or again', async () => {
    const tree = treeOfNumbers(1_000);
    let published = 0;
    for (const size of [3, 200, 256, 600, 999, 1_000]) {
      await publishTiles(tree, join(directory, 'many'), published, size);
      removeOutgrown(join(directory, 'many'), published, size);
      published = size;
    }
    await publishTiles(tree, join(directory, 'one'), 0, 1_000);
    cpSync(join(directory, 'one'), join(directory, 'again'), { recursive: true });
    await publishTiles(tree, join(directory, 'again'), 0, 1_000);
    const digest = (name: string) =>
      [...pathsOf(1_000)].map((path) =>
        createHash('sha256')
          .update(readFileSync(join(directory, name, path)))
          .digest('hex'),
      );
    expect(digest('many')).toEqual(digest('one'));
    expect(digest('again')).toEqual(digest('one'));
    expect(filesUnder(join(directory, 'one'))).toEqual([...pathsOf(1_000)].sort());
  });
});
