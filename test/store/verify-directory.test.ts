import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBundle, encodeBundle } from '#audit/bundle.ts';
import { signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { filesUnder } from './files-under.ts';
import { publishEntries, readTree } from './read-tree.ts';

describe('verification of a published directory', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-verify-'));
  const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/verify');
  const published = join(home, 'public');
  const size = 600;

  beforeAll(async () => {
    const log = await openLog({
      directory: join(home, 'store'),
      publicDirectory: published,
      guard: join(home, 'guard'),
      signer,
      clock: { now: () => Date.parse('2026-11-21T12:00:00Z') },
    });
    await Promise.all(Array.from({ length: size }, (_, n) => log.append(issuedEvent(n))));
    await log.close();
  });
  afterAll(() => rmSync(home, { recursive: true }));

  /** What verification says of a copy that was changed. */
  async function verdict(change: (directory: string) => void | Promise<void>, vkey = signer.vkey) {
    const copy = mkdtempSync(join(home, 'copy-'));
    cpSync(published, copy, { recursive: true });
    await change(copy);
    try {
      return await verifyDirectory(copy, vkey);
    } catch (thrown) {
      if (!(thrown instanceof Unverified)) throw thrown;
      return thrown;
    } finally {
      rmSync(copy, { recursive: true });
    }
  }
  const rewrite = (directory: string, file: string, change: (bytes: Buffer) => Uint8Array) => {
    const path = join(directory, file);
    writeFileSync(path, change(readFileSync(path)));
  };
  const current = () => [
    'checkpoint',
    'tile/0/000',
    'tile/0/001',
    'tile/0/002.p/88',
    'tile/1/000.p/2',
    'tile/entries/000',
    'tile/entries/001',
    'tile/entries/002.p/88',
  ];

  it('passes as it is, with progress', async () => {
    const progress: number[] = [];
    const checkpoint = await verifyDirectory(published, signer.vkey, {
      onProgress: (checked) => progress.push(checked),
    });
    expect(checkpoint).toMatchObject({ origin: signer.origin, size });
    expect(progress).toEqual([256, 512, 600]);
    expect(filesUnder(published)).toEqual(expect.arrayContaining(current()));
  });

  it.each(current())('A-13: one flipped bit anywhere in %s is found, and that file named', async (file) => {
    const { length } = readFileSync(join(published, file));
    for (let sample = 0; sample < 30; sample++) {
      const at = Math.floor((sample / 30) * length) + (sample % 7 < length ? sample % 7 : 0);
      const found = await verdict((directory) =>
        rewrite(directory, file, (bytes) => {
          const octet = Math.min(at, length - 1);
          bytes[octet] = (bytes[octet] ?? 0) ^ (1 << (sample % 8));
          return bytes;
        }),
      );
      expect(found, `octet ${at}`).toBeInstanceOf(Unverified);
      expect(found).toMatchObject({ file });
    }
  });

  it('A-13: the index is that of the entry that was changed', async () => {
    for (const [bundle, at] of [
      ['tile/entries/000', 0],
      ['tile/entries/001', 200],
      ['tile/entries/002.p/88', 87],
    ] as const) {
      const found = await verdict((directory) =>
        rewrite(directory, bundle, (bytes) => {
          const entries = decodeBundle(bytes);
          entries[at]?.set(Buffer.from('1'), 30);
          return encodeBundle(entries);
        }),
      );
      expect(found).toMatchObject({ file: bundle, index: Number(/00([0-2])/.exec(bundle)?.[1]) * 256 + at });
    }
  });

  it('A-13: a hash changed in a tile names the tile and the entry', async () => {
    for (const [tile, at, index] of [
      ['tile/0/001', 10, 266],
      ['tile/0/002.p/88', 3, 515],
      ['tile/1/000.p/2', 1, 256],
    ] as const) {
      const found = await verdict((directory) =>
        rewrite(directory, tile, (bytes) => bytes.fill(7, at * 32, at * 32 + 32)),
      );
      expect(found).toMatchObject({ file: tile, index });
    }
  });

  it.each(current())('says that %s is missing', async (file) => {
    expect(await verdict((directory) => rmSync(join(directory, file)))).toMatchObject({
      file,
      message: expect.stringContaining('missing'),
    });
  });

  it.each(current().slice(1))('finds %s cut short or lengthened', async (file) => {
    for (const change of [
      (bytes: Buffer) => bytes.subarray(0, -32),
      (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(0, 32)]),
    ]) {
      expect(await verdict((directory) => rewrite(directory, file, change))).toMatchObject({ file });
    }
  });

  it('takes a full tile and bundle where the partial ones are gone, as a log that has grown leaves them', async () => {
    const older = await verdict(async (directory) => {
      writeFileSync(join(directory, 'checkpoint'), await signCheckpoint(signer, 300, readTree(published, 300)));
      const parents = readFileSync(join(published, 'tile/1/000.p/2'));
      writeFileSync(join(directory, 'tile/1/000.p/1'), parents.subarray(0, 32));
    });
    expect(older).toMatchObject({ size: 300 });
  });

  it('finds another key, and another log', async () => {
    const other = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, signer.origin);
    expect(await verdict(() => undefined, other.vkey)).toMatchObject({ file: 'checkpoint' });
    const elsewhere = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'elsewhere.example.com');
    expect(await verdict(() => undefined, elsewhere.vkey)).toMatchObject({ file: 'checkpoint' });
    await expect(verifyDirectory(published, 'no key')).rejects.toThrow('verifier key');
  });

  it('finds a checkpoint signed over another tree', async () => {
    const forged = await signCheckpoint(signer, size, Buffer.alloc(32, 1));
    const found = await verdict((directory) => writeFileSync(join(directory, 'checkpoint'), forged));
    expect(found).toMatchObject({ file: 'checkpoint', message: expect.stringContaining('another root') });
  });

  // A log that somebody with its key made up: everything hashes and signs, and yet an entry is wrong.
  const liars: readonly (readonly [name: string, entries: readonly Uint8Array[], index: number])[] = [
    ['an index that is another’s', [entry(0, 0), entry(2, 0)], 1],
    ['a time before the one before', [entry(0, 5), entry(1, 4)], 1],
    [
      'an entry not in canonical form',
      [entry(0, 0), Buffer.from(Buffer.from(entry(1, 0)).toString().replace(',', ', '))],
      1,
    ],
  ];
  it.each(liars)('A-13: finds %s in a log that is otherwise whole', async (_, entries, index) => {
    const directory = mkdtempSync(join(home, 'liar-'));
    await publishEntries(directory, entries, signer);
    await expect(verifyDirectory(directory, signer.vkey)).rejects.toMatchObject({
      file: 'tile/entries/000.p/2',
      index,
    });
  });

  it('an empty log verifies', async () => {
    const directory = mkdtempSync(join(home, 'empty-'));
    await publishEntries(directory, [], signer);
    expect(await verifyDirectory(directory, signer.vkey)).toMatchObject({ size: 0 });
  });
});

function entry(seq: number, seconds: number): Uint8Array {
  return completeEntry(encodeEvent(issuedEvent(seq)), seq, `2026-11-21T12:00:0${seconds}.000Z`);
}
