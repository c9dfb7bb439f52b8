import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecret } from '#keys/secret-source.ts';
import { isOpenToOthers, openKeyFile } from '#keys/software/key-file.ts';
import { SoftwareKeyStore } from '#keys/software/key-store.ts';
import { describeWith } from '#test/oracles.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';

const directory = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
const passphrase = { file: join(directory, 'passphrase') };
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a key encrypted at rest', () => {
  const store = new SoftwareKeyStore(directory, passphrase);
  const path = join(directory, 'mesh.key.pem');

  beforeAll(async () => {
    writeFileSync(passphrase.file, 'correct horse battery staple\n', { mode: 0o600 });
    await store.create('mesh', 'ec:P-256');
  });

  it('is a file that only its owner can read, and leaves nothing beside it', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).sort()).toEqual(['mesh.key.pem', 'passphrase']);
  });

  it('opens with its passphrase and signs', async () => {
    const signer = await openKeyFile(path, passphrase);
    const tbs = Buffer.from('to be signed');
    expect(await verifySignature(importSpki(signer.spki), 'ecdsa-sha256', tbs, await signer.sign(tbs))).toBe(true);
  });

  describeWith(['openssl'], 'in the eyes of OpenSSL', (judge) => {
    it('is PBES2 with 600,000 rounds of PBKDF2-HMAC-SHA256 and AES-256-CBC, as OpenSSL reads it', () => {
      const text = execFileSync(judge('openssl'), ['asn1parse', '-in', path], { encoding: 'utf8' });
      for (const part of ['PBES2', 'PBKDF2', 'hmacWithSHA256', 'aes-256-cbc', ':0927C0']) expect(text).toContain(part);
      const plain = execFileSync(judge('openssl'), ['pkey', '-in', path, '-passin', `file:${passphrase.file}`], {
        encoding: 'utf8',
      });
      expect(createPrivateKey(plain).asymmetricKeyType).toBe('ec');
    });
  });

  it.each([
    ['our own, for us alone', 0o600, 65_532, false],
    ['our own, for our group too', 0o640, 65_532, true],
    ["root's, lent to our group as Kubernetes does with fsGroup", 0o440, 0, false],
    ["root's, which our group may write", 0o460, 0, true],
    ["root's, for everybody", 0o444, 0, true],
    ["another user's, for our group", 0o440, 1000, true],
  ])('%s: %o', (_, mode, uid, open) => {
    expect(isOpenToOthers({ mode: 0o100_000 | mode, uid }, 65_532)).toBe(open);
    // to root everything of its own is its own
    expect(isOpenToOthers({ mode: 0o100_000 | mode, uid }, 0)).toBe(mode !== 0o600);
  });

  it('is never replaced by a second one', async () => {
    const before = readFileSync(path, 'utf8');
    await expect(store.create('mesh', 'ec:P-256')).rejects.toMatchObject({ code: 'key-exists' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('stays shut for another passphrase, which no message repeats', async () => {
    process.env.COUNTERSIGN_TEST_PASSPHRASE = 'Tr0ub4dor';
    const attempt = openKeyFile(path, { env: 'COUNTERSIGN_TEST_PASSPHRASE' });
    await expect(attempt).rejects.toMatchObject({ code: 'wrong-passphrase' });
    await expect(attempt).rejects.not.toThrow(/Tr0ub4dor/);
  });

  it('asks for a passphrase where none is named', async () => {
    await expect(openKeyFile(path)).rejects.toThrow(/is encrypted; say where its passphrase is/);
  });

  it('is refused when its bytes were changed', async () => {
    const lines = readFileSync(path, 'utf8').split('\n');
    const changed = join(directory, 'changed.key.pem');
    lines[3] = (lines[3] ?? '').split('').reverse().join('');
    writeFileSync(changed, lines.join('\n'), { mode: 0o600 });
    await expect(openKeyFile(changed, passphrase)).rejects.toMatchObject({ code: 'wrong-passphrase' });
  });

  it('is refused when others can read it, and when it is not encrypted although it should be', async () => {
    const open = join(directory, 'open.key.pem');
    writeFileSync(open, readFileSync(path));
    chmodSync(open, 0o640);
    await expect(openKeyFile(open, passphrase)).rejects.toThrow(/open to other users; chmod 600 it/);
    const plain = join(directory, 'plain.key.pem');
    writeFileSync(plain, '-----BEGIN PRIVATE KEY-----\n', { mode: 0o600 });
    await expect(openKeyFile(plain, passphrase)).rejects.toThrow(/a CA key is not kept in plain/);
  });

  it('is not looked for outside its directory', async () => {
    await expect(store.find('../mesh')).rejects.toThrow(/cannot be the name of a key file/);
    expect(existsSync(join(directory, 'other.key.pem'))).toBe(false);
    expect(await store.find('other')).toBeUndefined();
  });
});

describe('secrets', () => {
  const write = (name: string, content: string, mode = 0o600) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return { file: path };
  };
  it.each([
    ['without a newline', 'abc', 'abc'],
    ['with one newline', 'abc\n', 'abc'],
    ['with a Windows newline', 'abc\r\n', 'abc'],
    ['with a newline of its own', 'abc\n\n', 'abc\n'],
    ['with spaces', ' abc ', ' abc '],
  ])('are read %s', async (name, content, secret) => {
    expect(await readSecret(write(name, content), 'PIN')).toBe(secret);
  });

  it.each([
    ['an empty file', '\n', 0o600, /the PIN in .* is empty/],
    ['a file that is too large', 'x'.repeat(5000), 0o600, /larger than 4096 bytes/],
    ['a file that all can read', 'abc', 0o604, /open to every user/],
    ['a file that all can write', 'abc', 0o602, /open to every user/],
  ])('are refused in %s', async (name, content, mode, sentence) => {
    await expect(readSecret(write(name, content, mode), 'PIN')).rejects.toThrow(sentence);
  });

  it('may be shared with a group, as Kubernetes mounts them', async () => {
    expect(await readSecret(write('group', 'abc', 0o640), 'PIN')).toBe('abc');
  });
});
