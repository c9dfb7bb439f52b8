import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  checkpointKey,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  softwareCheckpointSigner,
} from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { leafHash } from '#audit/merkle.ts';
import { formatNote, parseNote, verifyNote } from '#audit/note.ts';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { formatVkey, isKeyName, parseVkey } from '#audit/vkey.ts';

const origin = 'log.example.com/a';
const ed25519 = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, origin);
const root = leafHash(Buffer.from('entry'));

describe('key of a signed note', () => {
  it.each([
    'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  ])('A-10: the public key %s is read, its id included', (vkey) => {
    const { name, keyId } = parseVkey(vkey);
    expect(`${name}+${keyId.toString(16).padStart(8, '0')}`).toBe(vkey.split('+').slice(0, 2).join('+'));
  });

  it('its id of ECDSA is of the key alone', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(parseVkey(formatVkey('one', publicKey)).keyId).toBe(parseVkey(formatVkey('two', publicKey)).keyId);
  });

  it.each(['', 'a b', 'a+b', 'a\nb', 'a\tb', 'a\u00a0b', 'a\u2028b', 'a\u0000', '\ud800'])(
    'A-17: %j is no name of a key',
    (name) => {
      expect(isKeyName(name)).toBe(false);
      expect(() => formatVkey(name, generateKeyPairSync('ed25519').publicKey)).toThrow('origin');
    },
  );

  const good = ed25519.vkey;
  it.each([
    ['no parts', 'x'],
    ['an id that is another key\u2019s', good.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['an id in capitals', good.replace(/\+[0-9a-f]{8}\+/, '+0000000A+')],
    ['no base64', `${good}!`],
    ['a key cut short', `${origin}+00000000+${Buffer.alloc(20, 1).toString('base64')}`],
    ['an unknown type', `${origin}+00000000+${Buffer.alloc(33, 9).toString('base64')}`],
  ])('is refused with %s', (_, vkey) => {
    expect(() => parseVkey(vkey)).toThrow(Malformed);
  });
});

describe('checkpoint', () => {
  const ecdsa = softwareCheckpointSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, origin);

  it.each([
    ['Ed25519', ed25519],
    ['ECDSA P-256', ecdsa],
  ])('signed with %s opens with its public key', async (_, signer) => {
    const note = await signCheckpoint(signer, 42, root);
    const opened = openCheckpoint(Buffer.from(note), parseVkey(signer.vkey));
    expect(opened).toMatchObject({ origin, size: 42 });
    expect(Buffer.compare(opened.root, root)).toBe(0);
  });

  it('a signer that signs with another key than it says is found out', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const { privateKey } = generateKeyPairSync('ed25519');
    const liar = checkpointKey(origin, publicKey, async (text) => sign(null, text, privateKey));
    await expect(signCheckpoint(liar, 1, root)).rejects.toThrow('does not hold');
  });

  it('A-13: no changed octet of it opens', async () => {
    const note = Buffer.from(await signCheckpoint(ed25519, 42, root));
    const verifier = parseVkey(ed25519.vkey);
    for (let at = 0; at < note.length; at++) {
      const changed = Buffer.from(note);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openCheckpoint(changed, verifier), `octet ${at}`).toThrow(Malformed);
    }
  });

  it('another key beside the known one is passed over, twice the same counted once', async () => {
    const [one, other] = [await signCheckpoint(ed25519, 1, root), await signCheckpoint(ecdsa, 1, root)].map((note) =>
      parseNote(Buffer.from(note)),
    );
    const [first] = one?.signatures ?? [];
    const [second] = other?.signatures ?? [];
    if (one === undefined || first === undefined || second === undefined) throw new Error('no signatures');
    const both = { text: one.text, signatures: [second, first, first] };
    expect(verifyNote(parseNote(Buffer.from(formatNote(both))), [parseVkey(ed25519.vkey)])).toHaveLength(1);
    expect(openCheckpoint(Buffer.from(formatNote(both)), parseVkey(ecdsa.vkey)).size).toBe(1);
    const many = { text: one.text, signatures: [...Array.from({ length: 16 }, () => second), first] };
    expect(openCheckpoint(Buffer.from(formatNote(many)), parseVkey(ed25519.vkey)).size).toBe(1);
  });

  const b64 = root.length === 32 ? Buffer.from(root).toString('base64') : '';
  const line = `\u2014 ${origin} AAAAAAAA\n`;
  it.each([
    ['no signatures', `${origin}\n1\n${b64}\n`],
    ['no last newline', `${origin}\n1\n${b64}\n\n${line.trimEnd()}`],
    ['a size with a leading zero', `${origin}\n01\n${b64}\n\n${line}`],
    ['a size past 2^53', `${origin}\n9007199254740993\n${b64}\n\n${line}`],
    ['a root cut short', `${origin}\n1\n${b64.slice(4)}\n\n${line}`],
    ['a carriage return', `${origin}\r\n1\n${b64}\n\n${line}`],
    ['a signature without its dash', `${origin}\n1\n${b64}\n\n- ${origin} AAAAAAAA\n`],
    ['a signature that is not base64', `${origin}\n1\n${b64}\n\n\u2014 ${origin} A\n`],
    ['more than a hundred signatures', `${origin}\n1\n${b64}\n\n${line.repeat(101)}`],
  ])('is refused with %s', (_, text) => {
    expect(() => parseCheckpoint(Buffer.from(text))).toThrow(Malformed);
  });
});

describe('tlog-proof', () => {
  const verifier = parseVkey(ed25519.vkey);
  const entry = Buffer.from('entry');

  it('of a log of one entry verifies, and reads as it was written', async () => {
    const text = formatTlogProof({ index: 0, path: [], checkpoint: await signCheckpoint(ed25519, 1, root) });
    expect(text.startsWith('c2sp.org/tlog-proof@v1\nindex 0\n\n')).toBe(true);
    expect(verifyTlogProof(parseTlogProof(text), entry, verifier).size).toBe(1);
    expect(() => verifyTlogProof(parseTlogProof(text), Buffer.from('other'), verifier)).toThrow('does not lead');
    expect(parseTlogProof(text.replace('\nindex', '\nextra AAAA\nindex')).index).toBe(0);
  });

  it.each([
    ['another header', 'c2sp.org/tlog-proof@v2\nindex 0\n\n'],
    ['no index', 'c2sp.org/tlog-proof@v1\n\n'],
    ['a hash of another length', 'c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n'],
    ['nothing', ''],
  ])('is refused with %s', (_, text) => {
    expect(() => parseTlogProof(text)).toThrow(Malformed);
  });
});
