import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundlePath, pathsOf, tilePath } from '#audit/tiles.ts';
import { logFile } from '#doors/admin/log-path.ts';
import { findPublished } from '#doors/admin/published-file.ts';
import { publishTiles, removeOutgrown } from '#store/publish.ts';
import { treeOfNumbers } from '#test/store/tree-of-numbers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-found-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const tree = treeOfNumbers(1_400);

async function publish(directory: string, sizes: readonly number[]): Promise<void> {
  let published = 0;
  for (const size of sizes) {
    await publishTiles(tree, directory, published, size);
    removeOutgrown(directory, published, size);
    published = size;
  }
}

async function read(directory: string, path: string): Promise<Buffer | undefined> {
  const wanted = logFile(path);
  const found = wanted && (await findPublished(directory, wanted));
  if (found === undefined) return undefined;
  try {
    const octets = Buffer.alloc(found.length);
    await found.file.read(octets, 0, found.length, 0);
    return octets;
  } finally {
    await found.file.close();
  }
}

const grown = fc.tuple(
  fc.integer({ min: 1, max: 700 }),
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
);

describe('what is published of a tree', () => {
  it('has every file that a smaller one had, also one that was never published here, octet by octet', async () => {
    let round = 0;
    const property = fc.asyncProperty(grown, fc.nat(), async ([first, steps], other) => {
      const here = join(folder, `here-${round}`);
      const there = join(folder, `there-${round++}`);
      let at = first;
      const sizes = [first, ...steps.map((step) => (at += step))];
      const size = 1 + (other % Math.min(1_400, sizes.at(-1) ?? 1));
      await publish(
        here,
        sizes.map((each) => Math.min(each, 1_400)),
      );
      await publish(there, [size]);
      for (const path of pathsOf(size)) expect(await read(here, path), path).toEqual(readFileSync(join(there, path)));
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it('has no longer one, whatever is asked for', async () => {
    await publish(folder, [300]);
    expect(await read(folder, tilePath(0, 1, 45))).toBeUndefined();
    expect(await read(folder, bundlePath(1, 45))).toBeUndefined();
    expect(await read(folder, tilePath(0, 1))).toBeUndefined();
    expect(await read(folder, tilePath(1, 0, 2))).toBeUndefined();
    expect((await read(folder, tilePath(0, 1, 44)))?.length).toBe(44 * 32);
  });
});
