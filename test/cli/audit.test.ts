import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkey } from '#audit/vkey.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { countersign, parsed, scratch } from './run-cli.ts';

/** Entries; more than one bundle, so that tiles of a second level are there. */
const size = 300;
const loggedAt = 137;

const folder = scratch();
const home = join(folder, 'home');
const published = join(home, 'audit', 'log');
const at = (name: string) => join(folder, name);
const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/cli');
let log: EngineLog;

function certificate(name: string): X509Certificate {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name} -subj /CN=${name}`;
  execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'pipe' });
  return new X509Certificate(readFileSync(at(name)));
}

/** A server's home while the server runs: its log stays open. */
beforeAll(async () => {
  log = await openLog({
    directory: join(home, 'audit'),
    publicDirectory: published,
    guard: join(home, 'guard', 'checkpoint'),
    signer,
    clock: { now: () => Date.now() },
  });
  const sha256 = certificate('logged.pem').fingerprint256.replaceAll(':', '').toLowerCase();
  certificate('unknown.pem');
  const events = Array.from({ length: size }, (_, n) => (n % 10 === 5 ? deniedEvent(n) : issuedEvent(n)));
  const logged = {
    ...issuedEvent(loggedAt),
    certificate: { sha256, serial: 'abcdef', identity: 'spiffe://cluster.local/ns/pay/sa/api' },
  };
  // One batch after the other keeps the order in which they were made.
  for (const [n, event] of events.entries()) await log.append(n === loggedAt ? logged : event);
  await log.publish();
  writeFileSync(join(home, 'audit', 'log.vkey'), `${signer.vkey}\n`);
});

afterAll(() => log.close());

const root = () => Buffer.from(log.root()).toString('base64');

describe('audit verify', () => {
  it('verifies a published directory from its key alone', async () => {
    const copy = at('copy');
    cpSync(published, copy, { recursive: true });
    const ran = await countersign(['audit', 'verify', copy, '--key', signer.vkey, '--json', '--home', '/nonexistent']);
    expect(parsed(ran)).toMatchObject({ verified: true, origin: 'log.example/cli', size, root: root() });
    expect(ran.code).toBe(0);
  });

  it('verifies what a home has published and its store, beside the running server', async () => {
    const ran = await countersign(['audit', 'verify', '--home', home, '--json']);
    expect(parsed(ran)).toMatchObject({ verified: true, size, store: { verified: true, size, root: root() } });
    expect(ran.code).toBe(0);
  });

  it.each([
    ['an entry', 'tile/entries/000', 40, 0],
    ['an entry of the partial bundle', `tile/entries/001.p/${size - 256}`, 30, 256],
    ['a leaf hash', 'tile/0/000', 32 * 9 + 3, 9],
  ])('A-13: one flipped bit in %s: exit 1, naming file and index', async (_, file, octet, index) => {
    const copy = scratch();
    cpSync(published, copy, { recursive: true });
    const octets = readFileSync(join(copy, file));
    octets[octet] = (octets[octet] ?? 0) ^ 1;
    writeFileSync(join(copy, file), octets);
    const ran = await countersign(['audit', 'verify', copy, '--key', signer.vkey, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({ verified: false, file, index });
    const { stdout } = await countersign(['audit', 'verify', copy, '--key', signer.vkey]);
    expect(stdout).toContain(`${file}, entry ${index}: `);
  });

  it('A-13: a flipped bit in the checkpoint: exit 1, naming it', async () => {
    const copy = scratch();
    cpSync(published, copy, { recursive: true });
    const checkpoint = readFileSync(join(copy, 'checkpoint'), 'utf8').replace(`\n${size}\n`, `\n${size - 1}\n`);
    writeFileSync(join(copy, 'checkpoint'), checkpoint);
    const ran = await countersign(['audit', 'verify', copy, '--key', signer.vkey, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({ verified: false, file: 'checkpoint' });
  });

  it('A-21: a record altered in the store behind our back: exit 1 with its index', async () => {
    const damaged = scratch();
    cpSync(join(home, 'audit'), damaged, { recursive: true });
    const database = new DatabaseSync(join(damaged, 'log.db'));
    database.exec("UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'demo', 'evil') AS BLOB) WHERE seq = 77");
    database.close();
    const ran = await countersign(['audit', 'verify', published, '--key', signer.vkey, '--store', damaged, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({ verified: false, store: { verified: false, index: 77 } });
  });

  it("another log's key does not verify it", async () => {
    const other = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/cli');
    expect((await countersign(['audit', 'verify', published, '--key', other.vkey])).code).toBe(1);
  });

  it.each([
    ['no such folder', ['/nonexistent', '--key', 'x+00000000+AQ=='], 3, 'there is no such folder'],
    ['no key', [published, '--home', '/nonexistent'], 2, '--key'],
    ['a key that is none', [published, '--key', 'log.example/cli+00000000+AAAA'], 3, 'countersign:'],
  ])('%s', async (_, words, exit, message) => {
    const { code, stderr } = await countersign(['audit', 'verify', ...words]);
    expect(code).toBe(exit);
    expect(stderr).toContain(message);
  });
});

describe('audit list', () => {
  const list = async (...words: readonly string[]) => {
    const ran = await countersign(['audit', 'list', '--home', home, '--json', ...words]);
    expect(ran.code).toBe(0);
    const { records, before } = parsed(ran);
    if (!Array.isArray(records)) throw new Error('no records');
    return { seqs: records.map((each: { seq: number }) => each.seq), before };
  };

  it('gives the newest first, 50 of them, and where the next page begins', async () => {
    const first = await list();
    expect(first.seqs).toEqual(Array.from({ length: 50 }, (_, n) => size - 1 - n));
    const second = await list('--before', String(first.before), '--limit', '2');
    expect(second.seqs).toEqual([size - 51, size - 52]);
  });

  it.each([
    ['outcome', ['--outcome', 'denied'], 30],
    ['the beginning of a type', ['--type', 'certificate', '--limit', '1000'], size],
    ['the beginning of a reason', ['--reason', 'identity'], 30],
    ['identity', ['--identity', 'ns/pay/'], 1],
    ['serial, with colons and in capitals', ['--serial', 'AB:CD:EF'], 1],
    ['time', ['--since', '1h', '--limit', '1000'], size],
    ['time in the past', ['--until', '2020-01-01'], 0],
    ['half a word, which is no beginning', ['--reason', 'iden'], 0],
  ])('filters by %s', async (_, words, count) => expect((await list(...words)).seqs).toHaveLength(count));

  it('reads a published directory as well', async () => {
    const { stdout, code } = await countersign(['audit', 'list', '--log', published, '--limit', '3']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^INDEX +TIME +TYPE +IDENTITY +SERIAL OR REASON$/);
    expect(stdout.trim().split('\n')).toHaveLength(4);
  });

  it.each([
    ['a limit out of bounds', ['--limit', '1001'], 2, 'from 1 to 1000'],
    ['a time that is none', ['--since', 'yesterday'], 2, 'RFC 3339'],
    ['two sources', ['--log', 'a', '--store', 'b'], 2, 'not both'],
    ['no log', ['--log', '/nonexistent'], 3, 'not a published log'],
  ])('%s', async (_, words, exit, message) => {
    const { code, stderr } = await countersign(['audit', 'list', '--home', home, ...words]);
    expect(code).toBe(exit);
    expect(stderr).toContain(message);
  });
});

describe('audit check', () => {
  it('exits 0 when the log holds that certificate, with the proof checked', async () => {
    const ran = await countersign(['audit', 'check', at('logged.pem'), '--home', home, '--json']);
    expect(parsed(ran)).toMatchObject({ logged: true, index: loggedAt, published: true, proven: true });
    expect(ran.code).toBe(0);
  });

  it('exits 1 when it does not', async () => {
    const { code, stdout } = await countersign(['audit', 'check', at('unknown.pem'), '--home', home]);
    expect(code).toBe(1);
    expect(stdout).toContain(`none of its ${size} entries`);
  });

  it('answers from a published copy alone', async () => {
    const words = ['--log', published, '--key', signer.vkey, '--home', '/nonexistent'];
    expect((await countersign(['audit', 'check', at('logged.pem'), ...words])).code).toBe(0);
    expect((await countersign(['audit', 'check', at('unknown.pem'), ...words])).code).toBe(1);
  });

  it('says that a record which no checkpoint covers yet is not proven', async () => {
    const behind = scratch();
    cpSync(published, behind, { recursive: true });
    writeFileSync(join(behind, 'checkpoint'), await signCheckpoint(signer, 0, new Uint8Array(32)));
    const stored = await countersign(['audit', 'check', at('logged.pem'), '--store', join(home, 'audit'), '--json']);
    expect(parsed(stored)).toMatchObject({ logged: true, published: false, proven: false });
    expect((await countersign(['audit', 'check', at('logged.pem'), '--log', behind])).code).toBe(1);
  });

  it('does not say yes where the published log cannot prove it', async () => {
    const forged = scratch();
    cpSync(published, forged, { recursive: true });
    const tile = readFileSync(join(forged, 'tile/0/000'));
    tile.fill(0, 32 * 200);
    writeFileSync(join(forged, 'tile/0/000'), tile);
    const { code, stderr } = await countersign([
      'audit',
      'check',
      at('logged.pem'),
      '--log',
      forged,
      '--key',
      signer.vkey,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('not under the root that the checkpoint signs');
  });

  it('a file without a certificate: exit 3', async () => {
    const { code, stderr } = await countersign(['audit', 'check', '-', '--home', home], { input: 'hello' });
    expect([code, stderr]).toEqual([3, 'countersign: stdin: holds no certificate, neither PEM nor DER\n']);
  });
});

describe('audit prove', () => {
  it('writes a proof that the key verifies', async () => {
    const out = at('logged.tlog-proof');
    const { code } = await countersign(['audit', 'prove', at('logged.pem'), '--home', home, '--out', out]);
    expect(code).toBe(0);
    const proof = parseTlogProof(readFileSync(out, 'utf8'));
    const entry = await log.entry(loggedAt);
    expect(proof.index).toBe(loggedAt);
    expect(verifyTlogProof(proof, entry ?? new Uint8Array(), parseVkey(signer.vkey)).size).toBe(size);
    const { stdout } = await countersign(['audit', 'prove', at('logged.pem'), '--home', home]);
    expect(stdout).toBe(readFileSync(out, 'utf8'));
  });

  it('of an unknown certificate: exit 1, nothing written', async () => {
    const { code, stdout, stderr } = await countersign(['audit', 'prove', at('unknown.pem'), '--home', home]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('not in the log');
  });
});

describe('countersign audit make-key', () => {
  it('makes an Ed25519 key for its owner alone, once, in a folder that need not be there', async () => {
    const file = join(scratch(), 'new', 'log.key');
    const made = await countersign(['audit', 'make-key', file, '--json']);
    expect([made.code, parsed(made)]).toEqual([0, { file, made: true }]);
    const pem = readFileSync(file, 'utf8');
    expect(createPrivateKey(pem).asymmetricKeyType).toBe('ed25519');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await countersign(['audit', 'make-key', file]);
    expect([again.code, again.stdout]).toEqual([0, `${file}: there already\n`]);
    expect(readFileSync(file, 'utf8')).toBe(pem);
  });

  it.each([
    ['no key', 'words', 0o600, /log\.key/],
    [
      'another kind of key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      0o600,
      /signed by an Ed25519 key/,
    ],
    [
      'a key that all can read',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
      0o644,
      /open to other users/,
    ],
  ])('%s: told, and left alone', async (_, content, mode, words) => {
    const file = join(scratch(), 'log.key');
    writeFileSync(file, content, { mode });
    const ran = await countersign(['audit', 'make-key', file]);
    expect([ran.code, ran.stdout]).toEqual([3, '']);
    expect(ran.stderr).toMatch(words);
    expect(readFileSync(file, 'utf8')).toBe(String(content));
  });
});
