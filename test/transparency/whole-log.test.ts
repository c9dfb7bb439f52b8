import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { countersign, parsed } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { fsck, logcheck } from './judges.ts';
import { MeshLog } from './mesh-log.ts';
import { ours } from './ours.ts';

describeWith(['set:transparency'], 'the log of a running server, in the eyes of others', () => {
  let mesh: MeshLog;
  let early: string;
  const leaves: string[] = [];
  beforeAll(async () => {
    mesh = await MeshLog.start();
    leaves.push(...(await mesh.issue(10)));
    early = await mesh.checkpointOver(10, 'early');
    leaves.push(...(await mesh.issue(260)));
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

  const checkedProof = async (proof: string, certificate: string) => ({
    ours: await ours('audit', 'check', certificate, '--proof', proof, '--key', mesh.vkeyFile, '--json'),
    theirs: await logcheck('proof', mesh.vkeyFile, proof, certificate),
  });
  const certificateFile = (name: string, pem = '') => {
    mesh.home.write(name, pem);
    return mesh.home.path(name);
  };

  it.each([0, 5, 255, 269])(
    'A-15: a proof of certificate %i holds, here and elsewhere, and is none of its neighbour',
    async (which) => {
      const own = certificateFile('own.pem', leaves[which]);
      const other = certificateFile('other.pem', leaves[which === 269 ? 268 : which + 1]);
      const proof = mesh.home.path('own.tlog-proof');
      const made = await ours('audit', 'prove', own, '--home', mesh.home.directory, '--out', proof);
      expect(made).toMatchObject({ code: 0 });
      const good = await checkedProof(proof, own);
      expect(good).toMatchObject({ ours: { code: 0 }, theirs: { code: 0 } });
      const { index, size, origin } = parsed(good.theirs);
      expect(parsed(good.ours)).toMatchObject({ logged: true, proven: true, index, size, origin });
      const bad = await checkedProof(proof, other);
      expect(bad).toMatchObject({ ours: { code: 1 }, theirs: { code: 1 } });
      expect(bad.ours.stderr).toContain(`entry ${index} of log.test/mesh is not about the certificate`);
    },
  );

  it('A-15: whoever asks gets the proof with the certificate itself', async () => {
    const out = mesh.home.path('svid');
    const issued = await countersign(['issue', '--out', out, '--proof', '--json'], { env: mesh.env });
    const proof = join(out, 'cert-chain.tlog-proof');
    expect(parsed(issued)).toMatchObject({ outcome: 'issued', files: { proof } });
    const checked = await checkedProof(proof, join(out, 'cert-chain.pem'));
    expect(checked).toMatchObject({ ours: { code: 0 }, theirs: { code: 0 } });
    expect(parsed(checked.ours)).toMatchObject({ proven: true });
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

  it("A-12: passes Tessera's fsck", { timeout: 120_000 }, async () => {
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
