import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openCheckpoint, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosigner } from '#audit/cosignature.ts';
import { formatNote, parseNote } from '#audit/note.ts';
import { parseVkey } from '#audit/vkey.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { InProcess, quiet } from '#test/server/in-process.ts';
import { TestHome } from '#test/support/home.ts';
import { fsck, logcheck } from './judges.ts';
import { ours } from './ours.ts';

describeWith(['set:transparency'], 'a checkpoint with signatures of every kind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-signatures-'));
  const file = join(folder, 'checkpoint');
  const origin = 'log.example.com/mesh';
  const signers = [
    softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, origin),
    softwareCheckpointSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, origin),
  ];
  const witnesses = [
    cosigner('witness.example/one', generateKeyPairSync('ed25519').privateKey),
    cosigner('witness.example/two', generateKeyPairSync('ml-dsa-44').privateKey),
  ];
  beforeAll(async () => {
    const notes = await Promise.all(signers.map((signer) => signCheckpoint(signer, 42, Buffer.alloc(32, 7))));
    const [{ text } = { text: '' }, ...rest] = notes.map((note) => parseNote(Buffer.from(note)));
    const own = notes.flatMap((note) => parseNote(Buffer.from(note)).signatures);
    expect(rest.map((other) => other.text)).toEqual([text]);
    const cosigned = await Promise.all(witnesses.map((witness) => witness.cosign(text, 1_795_000_000)));
    const signatures = [...own, ...cosigned];
    writeFileSync(file, formatNote({ text, signatures }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['Ed25519, by x/mod', 0],
    ['ECDSA on P-256, by formats', 1],
    ['an Ed25519 cosignature, by formats', 2],
    ['an ML-DSA-44 cosignature, by formats', 3],
  ])('A-14: opens with %s, and the others are passed over', async (_, which) => {
    const { vkey = '' } = [...signers, ...witnesses][which] ?? {};
    const ran = await logcheck('opens', vkey, file);
    expect(ran).toMatchObject({ code: 0 });
    expect(parsed(ran)).toMatchObject({ origin, size: 42, others: 3 });
  });

  it('and so it does with each of our own keys here', () => {
    for (const { vkey } of signers)
      expect(openCheckpoint(readFileSync(file), parseVkey(vkey))).toMatchObject({ origin, size: 42 });
  });
});

describeWith(['set:transparency', 'softhsm'], 'a log whose key moves into an HSM', () => {
  const held = {} as { home: TestHome; token: TestToken };
  const vkeys = { old: '', next: '' };
  beforeAll(async () => {
    const home = new TestHome({ config: quiet });
    Object.assign(held, { home, token: await testToken() });
    const store = await Pkcs11KeyStore.open(held.token.address);
    await (await store.create('log', 'ec:P-256')).signer.close();
    await store.close();
    vkeys.old = await live('kept');
    const pkcs11 = {
      uri: 'pkcs11:token=countersign-test;object=log',
      module: softhsmModule,
      pin: { file: `${held.token.directory}/pin` },
    };
    const previous = { key: { file: { path: 'audit/log.key' } }, until: '2999-01-01T00:00:00Z' };
    const audit = { ...Object(home.config.audit), key: { pkcs11 }, previousKeys: [previous] };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    vkeys.next = await live('later');
  });
  afterAll(() => {
    held.token.remove();
    held.home[Symbol.dispose]();
  });

  /** One life of a server; gives the vkey that it leaves, and keeps its last checkpoint. */
  async function live(keep: string): Promise<string> {
    await using running = await InProcess.start(held.home);
    expect(await running.ask()).toMatchObject({ code: 0 });
    await running.close();
    held.home.write(keep, readFileSync(held.home.path('audit/log/checkpoint'), 'utf8'));
    return readFileSync(held.home.path('audit/log.vkey'), 'utf8').trim();
  }

  it.each(['old', 'next'] as const)('A-18: whoever has the %s key verifies it, here and elsewhere', async (which) => {
    const { published } = held.home;
    const vkey = vkeys[which];
    expect(await ours('audit', 'verify', published, '--key', vkey)).toMatchObject({ code: 0 });
    expect(await logcheck('log', vkey, published)).toMatchObject({ code: 0 });
    held.home.write('vkey', `${vkey}\n`);
    expect(await fsck(`file://${published}/`, held.home.path('vkey'))).toContain('Successfully');
  });

  it('A-18: what was kept under the old key is a beginning of it, for whoever has the old key or both', async () => {
    const { home } = held;
    home.write('both', `${vkeys.next}\n${vkeys.old}\n`);
    const kept = ['--kept', home.path('kept')];
    expect(await ours('audit', 'verify', home.published, '--key', home.path('both'), ...kept)).toMatchObject({
      code: 0,
    });
    expect(await logcheck('consistent', vkeys.old, home.path('kept'), home.published)).toMatchObject({ code: 0 });
    const alone = await ours('audit', 'verify', home.published, '--key', vkeys.next, ...kept);
    expect(alone).toMatchObject({ code: 3, stderr: expect.stringContaining('no signature by the key') });
  });
});
