import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CheckpointSigner, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const signer = softwareCheckpointSigner(privateKey, 'log.example.com/killed');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-writer-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function open(name = 'a', sign: CheckpointSigner = signer) {
  return openLog({
    directory: join(home, name, 'store'),
    publicDirectory: join(home, name, 'public'),
    guard: join(home, name, 'guard', 'checkpoint'),
    signer: sign,
    clock: { now: () => Date.now() },
  });
}
async function appendTo(name: string, from: number, to: number): Promise<void> {
  const log = await open(name);
  await Promise.all(Array.from({ length: to - from }, (_, at) => log.append(issuedEvent(from + at))));
  await log.close();
}

describe('one store, one process', () => {
  it('A-23: a second opening is refused while the first is there, and not after', async () => {
    const first = await open();
    await first.append(issuedEvent(0));
    await expect(open()).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another process has the store open'),
    });
    expect(await first.append(issuedEvent(1))).toBe(1);
    await first.close();
    const second = await open();
    expect(second.size).toBe(2);
    await second.close();
  });

  it('A-23: a second process does not start', async () => {
    const first = await open();
    const key = join(home, 'key.pem');
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const program = new URL('./append-load.ts', import.meta.url).pathname;
    const second = spawnSync(process.execPath, [program, join(home, 'a'), key], { encoding: 'utf8', timeout: 20_000 });
    expect(second.stdout).toBe('');
    expect(second.stderr).toContain('another process has the store open');
    expect(second.status).toBe(1);
    expect(await first.append(issuedEvent(0))).toBe(0);
    await first.close();
  });
});

describe('what was signed once', () => {
  it('A-24: an older copy of the store is not signed over, though the published files went back with it', async () => {
    await appendTo('a', 0, 10);
    cpSync(join(home, 'a', 'store'), join(home, 'backup', 'store'), { recursive: true });
    cpSync(join(home, 'a', 'public'), join(home, 'backup', 'public'), { recursive: true });
    await appendTo('a', 10, 20);
    for (const part of ['store', 'public']) {
      rmSync(join(home, 'a', part), { recursive: true });
      cpSync(join(home, 'backup', part), join(home, 'a', part), { recursive: true });
    }
    const guard = readFileSync(join(home, 'a', 'guard', 'checkpoint'));
    await expect(open()).rejects.toMatchObject({
      code: 'rolled-back',
      index: 10,
      message: expect.stringContaining('20 entries'),
    });
    expect(readFileSync(join(home, 'a', 'guard', 'checkpoint'))).toEqual(guard);
  });

  it('A-24: the published checkpoint alone tells it too', async () => {
    await appendTo('a', 0, 10);
    cpSync(join(home, 'a', 'store'), join(home, 'backup'), { recursive: true });
    await appendTo('a', 10, 20);
    rmSync(join(home, 'a', 'store'), { recursive: true });
    rmSync(join(home, 'a', 'guard'), { recursive: true });
    cpSync(join(home, 'backup'), join(home, 'a', 'store'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'rolled-back' });
  });

  it('A-24: an empty store in the place of a lost one is not signed over', async () => {
    await appendTo('a', 0, 3);
    rmSync(join(home, 'a', 'store'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'rolled-back' });
  });

  it('A-24: other entries under the same size are not signed over', async () => {
    await appendTo('a', 0, 10);
    await appendTo('b', 50, 65);
    rmSync(join(home, 'b', 'public'), { recursive: true });
    cpSync(join(home, 'a', 'guard'), join(home, 'b', 'guard'), { recursive: true });
    await expect(open('b')).rejects.toMatchObject({
      code: 'rolled-back',
      message: expect.stringContaining('signed over other entries'),
    });
  });

  it('a guard that cannot be read stops the start', async () => {
    await appendTo('a', 0, 1);
    writeFileSync(join(home, 'a', 'guard', 'checkpoint'), 'rubbish');
    await expect(open()).rejects.toMatchObject({ code: 'damaged' });
  });

  it('a checkpoint of another origin in the published directory stops the start', async () => {
    await appendTo('a', 0, 1);
    const other = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'elsewhere');
    writeFileSync(join(home, 'a', 'public', 'checkpoint'), await signCheckpoint(other, 0, Buffer.alloc(32)));
    await expect(open()).rejects.toMatchObject({ code: 'origin' });
  });

  it('lost published files are written again from the store, octet for octet', async () => {
    await appendTo('a', 0, 300);
    const before = readFileSync(join(home, 'a', 'public', 'tile', 'entries', '000'));
    rmSync(join(home, 'a', 'public'), { recursive: true });
    await (await open()).close();
    expect(readFileSync(join(home, 'a', 'public', 'tile', 'entries', '000'))).toEqual(before);
  });
});

describe('the release point', () => {
  it('A-25: an append resolves only when another connection can read its record', async () => {
    const log = await open();
    const other = new DatabaseSync(join(home, 'a', 'store', 'log.db'), { readOnly: true, timeout: 5_000 });
    const read = other.prepare('SELECT body FROM entry WHERE seq = ?');
    const caller = async (first: number) => {
      for (let n = first; n < first + 20; n++) {
        const index = await log.append(issuedEvent(n));
        const body = read.get(index)?.body;
        expect(body instanceof Uint8Array && decodeEntry(body).id).toBe(issuedEvent(n).id);
      }
    };
    await Promise.all([0, 100, 200, 300, 400].map(caller));
    other.close();
    await log.close();
  });

  it('publication that fails is told and tried again, and holds up no record', async () => {
    const failures: unknown[] = [];
    let broken = true;
    const flaky: CheckpointSigner = {
      ...signer,
      sign: (text) => (broken ? Promise.reject(new Error('the key is away')) : signer.sign(text)),
    };
    const failed = Promise.withResolvers<void>();
    const log = await openLog({
      directory: join(home, 'a', 'store'),
      publicDirectory: join(home, 'a', 'public'),
      guard: join(home, 'a', 'guard'),
      signer: flaky,
      clock: { now: () => Date.now() },
      publishInterval: 1,
      onPublishFailed: (cause) => {
        failures.push(cause);
        failed.resolve();
      },
    });
    expect(await log.append(issuedEvent(0))).toBe(0);
    await failed.promise;
    expect(await log.append(issuedEvent(1))).toBe(1);
    expect(log.publishedSize).toBe(0);
    broken = false;
    await log.publish();
    expect(log.publishedSize).toBe(2);
    expect(failures[0]).toMatchObject({ message: 'the key is away' });
    await log.close();
  });
});
