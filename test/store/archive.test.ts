import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { Archiver } from '#store/archive/archiver.ts';
import { DirectoryTarget } from '#store/archive/directory-target.ts';
import { ArchiveConflict, type ArchiveTarget } from '#store/archive/target.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import { writeLog } from '#test/transparency/written-log.ts';
import { filesUnder } from './files-under.ts';
import { readTree } from './read-tree.ts';

const size = 1_000;
const bundles = ['tile/entries/000', 'tile/entries/001', 'tile/entries/002'];
const tiles = ['tile/0/000', 'tile/0/001', 'tile/0/002'];

describe('the archive of a published log', () => {
  const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/archive');
  const home = mkdtempSync(join(tmpdir(), 'countersign-archive-'));
  const published = join(home, 'public');
  const signal = new AbortController().signal;
  let folder: string;
  beforeAll(async () => {
    const entries = Array.from({ length: size }, (_, n) =>
      completeEntry(encodeEvent(deniedEvent(n)), n, '2026-11-21T12:00:00.000Z'),
    );
    await writeLog(published, entries, signer);
  });
  afterAll(() => rmSync(home, { recursive: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(home, 'archive-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const archiver = (target: ArchiveTarget = new DirectoryTarget(join(folder, 'archive')), from = published) =>
    new Archiver({ target, published: from, cursor: join(folder, 'cursor'), vkeys: [signer.vkey] });
  const archived = () => filesUnder(join(folder, 'archive'));
  const file = (path: string) => join(folder, 'archive', path);

  it('has each full bundle and tile, the checkpoint over them and the key, and no file that could change', async () => {
    const copy = archiver();
    expect(await copy.run(size, signal)).toBe(3);
    const [, id] = signer.vkey.split('+');
    expect(archived().toSorted()).toEqual(['checkpoints/1000', ...tiles, ...bundles, `vkeys/${id}`].toSorted());
    for (const path of [...bundles, ...tiles])
      expect(readFileSync(file(path))).toEqual(readFileSync(join(published, path)));
    expect(statSync(file('tile/entries/000')).mode & 0o777).toBe(0o444);
    expect(await copy.run(size, signal)).toBe(0);
  });

  it('together with what is left of a log it is the whole log', async () => {
    await archiver().run(size, signal);
    const left = join(folder, 'left');
    cpSync(published, left, { recursive: true });
    for (const path of bundles) rmSync(join(left, path));
    await expect(verifyDirectory(left, signer.vkey)).rejects.toMatchObject({ file: 'tile/entries/000', index: 0 });
    expect(await verifyDirectory(left, signer.vkey, { archive: join(folder, 'archive') })).toMatchObject({ size });
  });

  it('goes on where it was, and without its cursor puts the same again, which changes nothing', async () => {
    expect(await archiver().run(600, signal)).toBe(2);
    expect(archiver().bundles).toBe(2);
    const inode = statSync(file('tile/entries/001')).ino;
    rmSync(join(folder, 'cursor'));
    expect(await archiver().run(size, signal)).toBe(3);
    expect(statSync(file('tile/entries/001')).ino).toBe(inode);
  });

  it('writes over nothing that differs, says which file it is, and goes no further', async () => {
    await archiver().run(300, signal);
    const own = join(folder, 'archive/tile/entries/001');
    writeFileSync(own, 'something else');
    const copy = archiver();
    await expect(copy.run(size, signal)).rejects.toThrow(ArchiveConflict);
    await expect(copy.run(size, signal)).rejects.toThrow('tile/entries/001 holds something else');
    expect(readFileSync(own, 'utf8')).toBe('something else');
    expect(copy.bundles).toBe(1);
    expect(existsSync(file('tile/entries/002'))).toBe(false);
  });

  it('takes no bundle that does not hash to its tile: it may be the last copy one day', async () => {
    const rotten = join(folder, 'public');
    cpSync(published, rotten, { recursive: true });
    const bytes = readFileSync(join(rotten, 'tile/entries/001'));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(join(rotten, 'tile/entries/001'), bytes);
    const copy = archiver(undefined, rotten);
    await expect(copy.run(size, signal)).rejects.toThrow('tile/entries/001 does not hash to its tile');
    expect(copy.bundles).toBe(1);
  });

  it('an archive that fails at any file, any number of times, has everything in the end', async () => {
    const inner = new DirectoryTarget(join(folder, 'archive'));
    let puts = 0;
    const flaky: ArchiveTarget = {
      name: inner.name,
      async put(path, octets) {
        if (++puts % 3 === 0) throw new Error('not now');
        await inner.put(path, octets);
      },
    };
    let copy = archiver(flaky);
    for (let attempt = 0; attempt < 20 && copy.bundles < 3; attempt++) {
      await copy.run(size, signal).catch(() => undefined);
      copy = archiver(flaky);
    }
    expect(archived()).toEqual(expect.arrayContaining([...bundles, ...tiles]));
  });

  it('a cursor of another archive counts for nothing', async () => {
    await archiver().run(size, signal);
    const other = archiver(new DirectoryTarget(join(folder, 'other')));
    expect(other.bundles).toBe(0);
    expect(await other.run(size, signal)).toBe(3);
  });

  it('is told to end, and ends between two bundles', async () => {
    const ending = new AbortController();
    const inner = new DirectoryTarget(join(folder, 'archive'));
    const copy = archiver({
      name: inner.name,
      async put(path, octets) {
        ending.abort();
        await inner.put(path, octets);
      },
    });
    expect(await copy.run(size, ending.signal)).toBe(1);
    expect(archived()).not.toContain('checkpoints/1000');
  });

  it('keeps each checkpoint that it was given, beside those of before', async () => {
    const grown = join(folder, 'public');
    cpSync(published, grown, { recursive: true });
    writeFileSync(join(grown, 'checkpoint'), await signCheckpoint(signer, 600, readTree(published, 600)));
    await archiver(undefined, grown).run(600, signal);
    await archiver().run(size, signal);
    expect(archived()).toEqual(expect.arrayContaining(['checkpoints/600', 'checkpoints/1000']));
  });
});
