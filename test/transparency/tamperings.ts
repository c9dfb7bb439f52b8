import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBundle, encodeBundle } from '#audit/bundle.ts';
import { checkpointText, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { leafHash } from '#audit/merkle.ts';
import { formatNote, parseNote } from '#audit/note.ts';
import { entryOf, writeCheckpoint, writeLog } from './written-log.ts';

/** The log's own key, a stranger's under the log's name, and the key of another log. */
export const signers = {
  own: softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/mesh'),
  stranger: softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/mesh'),
  other: softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/other'),
};

/** Entries of the sound log, of the checkpoint that an auditor kept, and of an older one. */
export const size = 600;
export const keptSize = 520;
const olderSize = 300;

export const sound: readonly Uint8Array[] = Array.from({ length: size }, (_, n) => entryOf(n));
const replaced = (index: number, entry: Uint8Array) => sound.with(index, entry);

export interface Tampering {
  /** A copy of the sound log is changed thus. */
  readonly change: (directory: string) => unknown;
  /** Where our verification finds it: a file within the log, and the entry where one can be named. */
  readonly file: string;
  readonly index?: number;
  /**
   * What finds it elsewhere: `log`, the check of the log alone; `kept`, the checkpoint that was kept, with a log that
   * holds in itself; `nothing`, where all hashes and signatures hold and only what an entry says is wrong.
   */
  readonly elsewhere: 'log' | 'kept' | 'nothing';
}

const checkpoint = 'checkpoint';
const kept = 'kept checkpoint';
const last = 'tile/entries/002.p/88';

function rewrite(file: string, change: (bytes: Buffer) => Uint8Array | string) {
  return (directory: string) => writeFileSync(join(directory, file), change(readFileSync(join(directory, file))));
}
const flip = (file: string, octet: number, bit = 0) =>
  rewrite(file, (bytes) => {
    bytes.writeUInt8(bytes.readUInt8(octet) ^ (1 << bit), octet);
    return bytes;
  });
const entries = (file: string, change: (entries: Uint8Array[]) => Uint8Array[]) =>
  rewrite(file, (bytes) => encodeBundle(change(decodeBundle(bytes))));
const text = (file: string, change: (text: string) => string) => rewrite(file, (bytes) => change(bytes.toString()));
const all =
  (...changes: readonly ((directory: string) => unknown)[]) =>
  async (directory: string) => {
    for (const change of changes) await change(directory);
  };
/** Everything anew, by whoever holds the key of `signer`. */
const rewritten =
  (entries: readonly Uint8Array[], signer = signers.own) =>
  (directory: string) => {
    rmSync(directory, { recursive: true });
    return writeLog(directory, entries, signer);
  };
const checkpointOf =
  (entries: readonly Uint8Array[], signer = signers.own) =>
  (directory: string) =>
    writeCheckpoint(directory, entries, signer);
/** Any text, with a signature that holds. */
const signed = (change: (text: string) => string) => async (directory: string) => {
  const { text } = parseNote(readFileSync(join(directory, checkpoint)));
  const changed = change(text);
  const signatures = await signers.own.sign(Buffer.from(changed));
  writeFileSync(join(directory, checkpoint), formatNote({ text: changed, signatures }));
};
/** Tiles anew without a signature: what somebody without any key can do. */
const unsigned = (entries: readonly Uint8Array[]) => async (directory: string) => {
  const before = readFileSync(join(directory, checkpoint));
  await rewritten(entries)(directory);
  writeFileSync(join(directory, checkpoint), before);
};

export const tamperings: Readonly<Record<string, Tampering>> = {
  'one bit of an entry': { change: flip('tile/entries/000', 40), file: 'tile/entries/000', index: 0, elsewhere: 'log' },
  'one bit of what an entry says': {
    change: text('tile/entries/001', (all) => all.replace('request-300', 'request-301')),
    file: 'tile/entries/001',
    index: 300,
    elsewhere: 'log',
  },
  'one bit of an entry in the bundle that is not full': {
    change: text(last, (all) => all.replace('request-550', 'request-551')),
    file: last,
    index: 550,
    elsewhere: 'log',
  },
  'one bit of the length before an entry': {
    change: flip('tile/entries/001', 1),
    file: 'tile/entries/001',
    index: 256,
    elsewhere: 'log',
  },
  'one bit of a leaf hash': { change: flip('tile/0/000', 32 * 9 + 3), file: 'tile/0/000', index: 9, elsewhere: 'log' },
  'one bit of a leaf hash in the tile that is not full': {
    change: flip('tile/0/002.p/88', 32 * 5),
    file: 'tile/0/002.p/88',
    index: 517,
    elsewhere: 'log',
  },
  'one bit of a hash of the next level': {
    change: flip('tile/1/000.p/2', 33),
    file: 'tile/1/000.p/2',
    index: 256,
    elsewhere: 'log',
  },
  "the checkpoint's size": {
    change: text(checkpoint, (note) => note.replace('\n600\n', '\n599\n')),
    file: checkpoint,
    elsewhere: 'log',
  },
  "one bit of the checkpoint's root": { change: flip(checkpoint, 40), file: checkpoint, elsewhere: 'log' },
  "one bit of the checkpoint's signature": { change: flip(checkpoint, 120), file: checkpoint, elsewhere: 'log' },
  'an entry dropped': {
    change: entries('tile/entries/000', (all) => all.toSpliced(77, 1)),
    file: 'tile/entries/000',
    index: 77,
    elsewhere: 'log',
  },
  'an entry dropped, and all after it moved up': {
    change: unsigned(sound.toSpliced(77, 1)),
    file: 'tile/entries/000',
    index: 77,
    elsewhere: 'log',
  },
  'two entries exchanged': {
    change: entries('tile/entries/000', (all) => [...all.slice(0, 3), ...all.slice(3, 5).reverse(), ...all.slice(5)]),
    file: 'tile/entries/000',
    index: 3,
    elsewhere: 'log',
  },
  'an entry replaced by one that is as well formed': {
    change: entries('tile/entries/001', (all) => all.with(44, entryOf(9, 300))),
    file: 'tile/entries/001',
    index: 300,
    elsewhere: 'log',
  },
  'an entry and its leaf hash replaced alike': {
    change: all(
      entries(last, (all) => all.with(8, entryOf(9, 520))),
      rewrite('tile/0/002.p/88', (tile) => {
        tile.set(leafHash(entryOf(9, 520)), 8 * 32);
        return tile;
      }),
    ),
    file: checkpoint,
    elsewhere: 'log',
  },
  'an entry too many in the last bundle': {
    change: entries(last, (all) => [...all, entryOf(600)]),
    file: last,
    index: 601,
    elsewhere: 'nothing',
  },
  'a bundle cut short': {
    change: rewrite('tile/entries/001', (bytes) => bytes.subarray(0, -7)),
    file: 'tile/entries/001',
    index: 256,
    elsewhere: 'log',
  },
  'a tile cut short': {
    change: rewrite('tile/0/001', (bytes) => bytes.subarray(0, -32)),
    file: 'tile/0/001',
    index: 256,
    elsewhere: 'log',
  },
  'a tile lengthened': {
    change: rewrite('tile/0/002.p/88', (bytes) => Buffer.concat([bytes, Buffer.alloc(32)])),
    file: 'tile/0/002.p/88',
    index: 512,
    elsewhere: 'nothing',
  },
  'a bundle taken away': {
    change: (directory) => rmSync(join(directory, 'tile/entries/001')),
    file: 'tile/entries/001',
    index: 256,
    elsewhere: 'log',
  },
  'a tile taken away': {
    change: (directory) => rmSync(join(directory, 'tile/1/000.p/2')),
    file: 'tile/1/000.p/2',
    index: 0,
    elsewhere: 'log',
  },
  'the checkpoint taken away': {
    change: (directory) => rmSync(join(directory, checkpoint)),
    file: checkpoint,
    elsewhere: 'log',
  },
  'a partial tile of an earlier size that lies': {
    change: flip('tile/0/002.p/8', 100),
    file: 'tile/0/002.p/8',
    index: 512,
    elsewhere: 'nothing',
  },
  'a partial bundle of an earlier size that lies': {
    change: text('tile/entries/002.p/8', (all) => all.replace('request-513', 'request-514')),
    file: 'tile/entries/002.p/8',
    index: 512,
    elsewhere: 'nothing',
  },
  'a full tile in the place of another': {
    change: (directory) => renameSync(join(directory, 'tile/0/001'), join(directory, 'tile/0/000')),
    file: 'tile/0/000',
    index: 0,
    elsewhere: 'log',
  },
  'another tree without a signature': {
    change: unsigned(replaced(100, entryOf(9, 100))),
    file: kept,
    index: 0,
    elsewhere: 'log',
  },
  'another tree signed by a stranger in our name': {
    change: rewritten(replaced(100, entryOf(9, 100)), signers.stranger),
    file: checkpoint,
    elsewhere: 'log',
  },
  'the same tree signed by a stranger in our name': {
    change: checkpointOf(sound, signers.stranger),
    file: checkpoint,
    elsewhere: 'log',
  },
  'another log in its place': { change: rewritten(sound, signers.other), file: checkpoint, elsewhere: 'log' },
  'another origin over our signature': {
    change: text(checkpoint, (note) => note.replace('log.example.com/mesh\n', 'log.example.com/other\n')),
    file: checkpoint,
    elsewhere: 'log',
  },
  'another origin, signed by our key': {
    change: signed((text) => text.replace('log.example.com/mesh', 'log.example.com/other')),
    file: checkpoint,
    elsewhere: 'log',
  },
  'a signature of the key over something else': {
    change: async (directory) => {
      const { text } = parseNote(readFileSync(join(directory, checkpoint)));
      const older = parseNote(Buffer.from(await signCheckpoint(signers.own, olderSize, Buffer.alloc(32))));
      writeFileSync(join(directory, checkpoint), formatNote({ ...older, text }));
    },
    file: checkpoint,
    elsewhere: 'log',
  },
  'another tree signed by the key: a fork': {
    change: rewritten(replaced(100, entryOf(9, 100))),
    file: kept,
    index: 0,
    elsewhere: 'kept',
  },
  'the whole log set back': {
    change: rewritten(sound.slice(0, olderSize)),
    file: checkpoint,
    index: olderSize,
    elsewhere: 'kept',
  },
  'a stale checkpoint on newer tiles': {
    change: checkpointOf(sound.slice(0, 512)),
    file: checkpoint,
    index: 512,
    elsewhere: 'kept',
  },
  'a log emptied': { change: rewritten([]), file: checkpoint, index: 0, elsewhere: 'kept' },
  'an entry appended a second time, signed by the key': {
    change: rewritten([...sound, entryOf(599)]),
    file: 'tile/entries/002.p/89',
    index: 600,
    elsewhere: 'nothing',
  },
  'an entry older than the one before, signed by the key': {
    change: rewritten([...sound, entryOf(600, 600, '2026-11-21T11:59:59.999Z')]),
    file: 'tile/entries/002.p/89',
    index: 600,
    elsewhere: 'nothing',
  },
  'an entry in another form than the one, signed by the key': {
    change: rewritten([...sound, Buffer.from(Buffer.from(entryOf(600)).toString().replace(',', ', '))]),
    file: 'tile/entries/002.p/89',
    index: 600,
    elsewhere: 'nothing',
  },
  'a size with a zero before it, signed by the key': {
    change: signed((text) => text.replace('\n600\n', '\n0600\n')),
    file: checkpoint,
    elsewhere: 'nothing',
  },
};

/** What somebody with the key can do that no copy shows but one of the other tree: what witnesses are for. */
export const unseen: Readonly<Record<string, (directory: string) => unknown>> = {
  'a fork that begins after what was kept': rewritten(replaced(550, entryOf(9, 550))),
};

/** What leaves all that the log says of itself as it was: nobody may mind. */
export const harmless: Readonly<Record<string, (directory: string) => unknown>> = {
  'a signature more, of a key that nobody here knows': async (directory) => {
    const note = parseNote(readFileSync(join(directory, checkpoint)));
    const other = parseNote(Buffer.from(await signCheckpoint(signers.stranger, 1, Buffer.alloc(32))));
    writeFileSync(
      join(directory, checkpoint),
      formatNote({ ...note, signatures: [...other.signatures, ...note.signatures] }),
    );
  },
  'a line of an extension, signed by the key': signed((text) => `${text}more\n`),
  'files of nobody': (directory) =>
    writeFileSync(join(directory, 'tile', 'README'), checkpointText({ origin: 'a', size: 0, root: Buffer.alloc(32) })),
};
