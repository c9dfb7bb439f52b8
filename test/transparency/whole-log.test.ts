import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { fsck, logcheck } from './judges.ts';
import { MeshLog } from './mesh-log.ts';

describeWith(['set:transparency'], 'the log of a running server, in the eyes of others', () => {
  let mesh: MeshLog;
  let early: string;
  beforeAll(async () => {
    mesh = await MeshLog.start();
    await mesh.issue(10);
    early = await mesh.checkpointOver(10, 'early');
    await mesh.issue(260);
    await mesh.checkpointOver(270, 'later');
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const places = [
    ['over HTTP, while it serves', () => mesh.url],
    ['as a folder', () => mesh.home.published],
  ] as const;

  it.each(places)('A-14: %s: signature, every bundle and tile, and the root hold', async (_, source) => {
    const ran = await logcheck('log', mesh.vkeyFile, source());
    expect(ran).toMatchObject({ code: 0 });
    expect(parsed(ran)).toMatchObject({ origin: 'log.test/mesh' });
    expect(Number(parsed(ran).size)).toBeGreaterThan(270);
  });

  it.each(places)('%s: what an early checkpoint says is a beginning of it', async (_, source) => {
    const ran = await logcheck('consistent', mesh.vkeyFile, early, source());
    expect(ran).toMatchObject({ code: 0 });
    expect(Number(parsed(ran).to)).toBeGreaterThan(Number(parsed(ran).from));
  });

  it("A-12: Tessera's own command says so too, over HTTP", async () => {
    expect(await fsck(mesh.url, mesh.vkeyFile)).toMatch(/^Successfully fsck'd log with size 2\d\d /);
  });

  it('none of them takes it for the log of another key', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { vkey } = softwareCheckpointSigner(privateKey, 'log.test/mesh');
    const file = mesh.home.path('other.vkey');
    writeFileSync(file, vkey);
    expect(await logcheck('log', file, mesh.url)).toMatchObject({ code: 1 });
    expect(await fsck(mesh.url, file)).toBeUndefined();
  });
});

describeWith(['set:transparency'], 'a log of 70,000 entries', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-large-'));
  afterAll(() => rmSync(home, { recursive: true }));

  it("A-12: passes Tessera's fsck", async () => {
    const size = 70_000;
    const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/large');
    const publicDirectory = join(home, 'public');
    const log = await openLog({
      directory: join(home, 'store'),
      publicDirectory,
      guard: join(home, 'guard'),
      signer,
      clock: { now: () => Date.parse('2026-11-21T12:00:00Z') },
    });
    for (let n = 0; n < size; n += 3_500)
      await Promise.all(Array.from({ length: 3_500 }, (_, at) => log.append(issuedEvent(n + at))));
    await log.close();
    const vkeyFile = join(home, 'log.vkey');
    writeFileSync(vkeyFile, signer.vkey);
    const root = Buffer.from(log.root()).toString('base64');
    expect(await fsck(`file://${publicDirectory}/`, vkeyFile)).toBe(
      `Successfully fsck'd log with size ${size} and root ${root}`,
    );
  });
});
