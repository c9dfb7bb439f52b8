import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import graphene from 'graphene-pk11';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCeremony } from '#ceremony/run.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { initialiseToken } from '#keys/pkcs11/initialise-token.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

const another = (label: string, keyIn: string) => `
  - label: ${label}
    key: ec:P-256
    keyIn: ${keyIn}
    subject: { commonName: Another CA ${label} }
    lifetime: 90d
outputs:`;

describeWith(['softhsm'], 'a ceremony whose file or token has changed', () => {
  const held: { token?: TestToken } = {};
  const home = () => held.token?.directory ?? '';
  beforeAll(async () => {
    held.token = await testToken();
  });
  afterAll(() => held.token?.remove());

  async function run(round: string, change: (text: string) => string = (text) => text) {
    const plan = testPlan(home(), (text) =>
      change(text.replaceAll('quickstart-', `${round}-`)).replace('outputs: ca', `outputs: ${round}`),
    );
    const stores = await openStores(plan);
    const tools = { stores, shelf: durableShelf, clock: systemClock, entropy: systemEntropy };
    return runCeremony(plan, tools).finally(() => stores.hsm?.close());
  }
  const pem = (round: string, name: string) => readFileSync(join(home(), round, `${round}-${name}.pem`), 'utf8');
  const passphrase = (text: string) =>
    text.replace(/^root:/m, 'software:\n  passphrase: { file: secrets/passphrase }\nroot:');

  it('adds an intermediate that was added to the file, under the same root, its key in an encrypted file', async () => {
    await run('add');
    const [root, mesh] = [pem('add', 'root'), pem('add', 'mesh')];
    const second = await run('add', (text) => passphrase(text).replace('outputs:', another('add-second', 'software')));
    expect(second.authorities.map(({ keyWas, certificateWas }) => [keyWas, certificateWas])).toEqual([
      ['found', 'found'],
      ['found', 'found'],
      ['made', 'made'],
    ]);
    expect([pem('add', 'root'), pem('add', 'mesh')]).toEqual([root, mesh]);
    expect(new X509Certificate(pem('add', 'second')).verify(new X509Certificate(root).publicKey)).toBe(true);
    expect(statSync(join(home(), 'add', 'add-second.key.pem')).mode & 0o777).toBe(0o600);
  });

  it('makes nothing for a key that lives in memory', async () => {
    const outcome = await run('memory', (text) => text.replace(/^ {4}keyIn: hsm/m, '    keyIn: memory'));
    expect(outcome.authorities.map(({ planned }) => planned.role)).toEqual(['root']);
  });

  it.each([
    ['lifetime', /^ {4}lifetime: 365d/m, '    lifetime: 364d'],
    ['name', 'commonName: Quickstart mesh CA', 'commonName: Another mesh CA'],
    ['trust domain', 'trustDomain: cluster.local', 'trustDomain: other.example'],
    ['kind of key', /^ {4}key: ec:P-256/m, '    key: ec:P-384'],
  ])('refuses a %s that is not what the certificate was made by', async (name, from, to) => {
    const round = name.replaceAll(' ', '-');
    await run(round);
    const before = pem(round, 'mesh');
    await expect(run(round, (text) => text.replace(from, to))).rejects.toMatchObject({ code: 'changed' });
    expect(pem(round, 'mesh')).toBe(before);
  });

  it('takes a changed comment, and notes the new file', async () => {
    await run('comment');
    const outcome = await run('comment', (text) => `# reviewed twice\n${text}`);
    expect(outcome.unchanged).toBe(true);
    expect(readFileSync(outcome.transcriptPaths[0], 'utf8').match(/The ceremony is opened/g)).toHaveLength(2);
  });

  it('refuses to go on without the root key that it made', async () => {
    await run('gone');
    const slot = [...pkcs11Module(softhsmModule).getSlots(true)].find(
      (each) => each.getToken().label === 'countersign-test',
    );
    const session = slot?.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
    // login is the process's, and a signer of an earlier ceremony may still hold it
    try {
      session?.login(held.token?.pin ?? '');
    } catch {}
    session?.destroy({ label: 'gone-root', class: graphene.ObjectClass.PRIVATE_KEY });
    session?.close();
    await expect(run('gone')).rejects.toMatchObject({ code: 'lost-key' });
  });

  it('refuses the directory of another ceremony', async () => {
    await run('own');
    await expect(run('own', (text) => text.replace('name: quickstart', 'name: other'))).rejects.toThrow(
      /holds the ceremony quickstart; give other another outputs directory/,
    );
  });

  it('does not run twice at once in one directory', async () => {
    const release = await durableShelf.hold(join(home(), 'twice', 'ceremony.lock'));
    await expect(run('twice')).rejects.toMatchObject({ code: 'busy' });
    await release();
    expect((await run('twice')).unchanged).toBe(false);
  });

  it('A-5: writes neither PIN nor passphrase anywhere', async () => {
    await run('secret', (text) => passphrase(text).replace('outputs:', another('secret-second', 'software')));
    for (const name of readdirSync(join(home(), 'secret'))) {
      const content = readFileSync(join(home(), 'secret', name), 'latin1');
      expect(content, name).not.toContain(held.token?.pin ?? '');
      expect(content, name).not.toContain('correct horse');
    }
  });

  it('initialises a token once, and never one that is there', async () => {
    const secrets = [{ file: join(home(), 'so-pin') }, { file: join(home(), 'pin') }] as const;
    expect(await initialiseToken(softhsmModule, 'countersign-test', ...secrets)).toBe('already-there');
    expect(await initialiseToken(softhsmModule, 'a second one', ...secrets)).toBe('initialised');
    expect(await initialiseToken(softhsmModule, 'a second one', ...secrets)).toBe('already-there');
    await expect(initialiseToken(softhsmModule, 'x'.repeat(33), ...secrets)).rejects.toThrow(/1 to 32 bytes/);
    expect((await run('twice')).unchanged).toBe(true);
  });
});
