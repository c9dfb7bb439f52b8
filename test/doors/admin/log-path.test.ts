import { normalize } from 'node:path/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundlePath, pathsOf, tilePath } from '#audit/tiles.ts';
import { logFile } from '#doors/admin/log-path.ts';

/** C2SP tlog-tiles, "Parameters" and "Merkle Tree". */
const valid: readonly (readonly [string, 'checkpoint' | 'full' | 'partial'])[] = [
  ['checkpoint', 'checkpoint'],
  ['tile/0/000', 'full'],
  ['tile/63/000', 'full'],
  ['tile/0/067.p/1', 'partial'],
  ['tile/0/x001/x234/067', 'full'],
  ['tile/0/x001/x234/067.p/255', 'partial'],
  ['tile/entries/000', 'full'],
  ['tile/entries/x001/000.p/9', 'partial'],
  ['tile/0/x009/x007/x199/x254/x740/991', 'full'],
];

const invalid: readonly string[] = [
  '',
  '/checkpoint',
  'checkpoint/',
  'Checkpoint',
  'checkpoint.tmp',
  'tile',
  'tile/0',
  'tile/0/',
  'tile/0/0',
  'tile/00/000',
  'tile/64/000',
  'tile/-1/000',
  'tile/0/000/',
  'tile/0//000',
  'tile/0/000.p',
  'tile/0/000.p/',
  'tile/0/000.p/0',
  'tile/0/000.p/01',
  'tile/0/000.p/256',
  'tile/0/000.p/1/2',
  'tile/0/x000/000',
  'tile/0/001/000',
  'tile/0/x001',
  'tile/0/x001/x002/x003/x004/x005/x006/007',
  'tile/8/0/000/x',
  'tile/entries/../000',
  'tile/0/000\n',
  'tile/0/000%00',
  'tile/0/%30%30%30',
  '../tile/0/000',
  'tile/0/../../../etc/passwd',
  'tile\\0\\000',
  'tile/0/٠٠٠',
];

describe('a path of the published log', () => {
  it.each(valid)('takes %s', (path, kind) => {
    const tile = path === 'checkpoint' ? {} : { tile: expect.any(Object) };
    expect(logFile(path)).toEqual({ path, kind, ...tile });
  });

  it.each(invalid)('refuses %j', (path) => {
    expect(logFile(path)).toBeUndefined();
  });

  it('A-11: takes every file that a log of 70,000 entries is written as', () => {
    const paths = [...pathsOf(70_000)];
    expect(paths.length).toBeGreaterThan(500);
    expect(paths.filter((path) => logFile(path) === undefined)).toEqual([]);
  });

  it('A-11: names of a log of 70,000 entries are within it, and not within a smaller one', () => {
    const within = (path: string) => logFile(path)?.tile?.within ?? 0;
    expect(Math.max(...[...pathsOf(70_000)].map(within))).toBe(70_000);
    const later = new Set(pathsOf(70_000)).difference(new Set(pathsOf(69_999)));
    expect([...later].map(within)).toEqual([70_000, 70_000]);
  });

  it('takes every name that our own writer gives, and the same one only', () => {
    const index = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const width = fc.integer({ min: 1, max: 256 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), index, width, (level, n, w) => {
        const kind = w === 256 ? 'full' : 'partial';
        const within = (height: number) => (n * 256 + w) * 256 ** height;
        const hashes = { of: 'hashes', whole: tilePath(level, n), width: w, within: within(level) };
        const entries = { of: 'entries', whole: bundlePath(n), width: w, within: within(0) };
        for (const tile of [hashes, entries]) {
          const path = w === 256 ? tile.whole : `${tile.whole}.p/${w}`;
          expect(logFile(path)).toEqual({ path, kind, tile });
        }
      }),
    );
  });

  it('never lets a path out of its folder, whatever it is built from', () => {
    const piece = fc.constantFrom(
      'tile',
      'entries',
      'checkpoint',
      '0',
      '63',
      '000',
      'x001',
      '.p',
      '255',
      '..',
      '.',
      '/',
      '//',
      '\\',
      '%2e',
      '%2f',
      '%00',
      '\0',
      '~',
      'etc',
      'passwd',
      '\n',
    );
    const built = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const joined = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('/'));
    fc.assert(
      fc.property(fc.oneof(built, joined, fc.string({ unit: 'binary' })), (path) => {
        const found = logFile(path);
        if (found === undefined) return;
        expect(found.path).toBe(path);
        expect(path).toMatch(/^[a-z0-9./]+$/);
        expect(normalize(`/log/${path}`)).toBe(`/log/${path}`);
      }),
      { numRuns: 5_000 },
    );
  });
});
