import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { parseCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { keyLabel } from '#audit/vkey.ts';
import { loadConfig } from '#config/load.ts';
import { layFoundation } from '#server/foundation.ts';
import { LogKeys } from '#server/log-keys.ts';
import { recordOpening } from '#server/record-start.ts';
import { openStore } from '#server/store.ts';
import { TestHome } from '#test/support/home.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { InProcess, quiet } from './in-process.ts';

const hour = 3_600_000;
const moment = (ms: number) => new Date(ms).toISOString().replace(/\.\d+/, '');
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

let home: TestHome;
beforeEach(() => {
  home = new TestHome({ config: quiet });
});
afterEach(() => home[Symbol.dispose]());

/** The home's configuration with other words about its log. */
const configure = (audit: Readonly<Record<string, unknown>>) =>
  home.write('countersign.yaml', stringify({ ...home.config, audit: { ...Object(home.config.audit), ...audit } }));
const signers = (file = 'audit/log/checkpoint') =>
  parseCheckpoint(readFileSync(home.path(file))).note.signatures.map(keyLabel);
const vkeyId = () => readFileSync(home.path('audit', 'log.vkey'), 'utf8').split('+').slice(0, 2).join('+');
const keyEvents = ({ records }: InProcess) =>
  records.filter(({ type, change }) => type.startsWith('key.') && Object(change).kind === 'log-key');

async function live(certificates = 1): Promise<void> {
  await using running = await InProcess.start(home);
  for (let n = 0; n < certificates; n++) expect(await running.ask()).toMatchObject({ code: 0 });
}

/** A new key under audit.key, and the one before it beside it, for two hours. */
function replaceKey(): void {
  home.write('audit/next.key', pem(generateKeyPairSync('ed25519').privateKey), 0o600);
  const until = moment(Date.now() + 2 * hour);
  configure({
    key: { file: { path: 'audit/next.key' } },
    previousKeys: [{ key: { file: { path: 'audit/log.key' } }, until }],
  });
}

describe('the key of the log is replaced', () => {
  it('A-18: by one that is on the record, under a checkpoint of the old key alone, before it signs', async () => {
    await live();
    const old = vkeyId();
    replaceKey();
    const foundation = layFoundation(loadConfig(home.path('countersign.yaml')).config);
    const opened = await LogKeys.open(foundation.config.audit, foundation.clock, () => {});
    const { store } = await openStore(foundation, opened, () => {});
    const before = store.size;
    await recordOpening(foundation, store, opened);
    expect(signers()).toEqual([old]);
    expect(parseCheckpoint(readFileSync(home.path('audit/log/checkpoint'))).size).toBe(store.size);
    const entries = (await store.entries(before, store.size)).map(decodeEntry);
    const next = opened.current.checkpoint.vkey;
    expect(entries).toContainEqual(
      expect.objectContaining({
        type: 'key.activated',
        change: expect.objectContaining({ kind: 'log-key', vkey: next, besides: [expect.anything()] }),
      }),
    );
    await store.close();
    await opened.close();
  });

  it('A-18: both sign from then on, also over a restart, and the record tells of it once', async () => {
    await live();
    const old = vkeyId();
    replaceKey();
    await live();
    const next = vkeyId();
    expect(next).not.toBe(old);
    expect(signers()).toEqual([next, old]);
    expect(signers('audit/checkpoint.guard')).toEqual([next, old]);
    await using again = await InProcess.start(home);
    expect(keyEvents(again).map(({ type }) => type)).toEqual(['key.activated', 'key.activated']);
    await again.close();
    expect(signers()).toEqual([next, old]);
  });

  it('A-18: when its time is over the old key signs no more, and the record says so, once', async () => {
    await live();
    const old = vkeyId();
    replaceKey();
    const trueNow = Date.now.bind(Date);
    let offset = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => trueNow() + offset);
    try {
      await using running = await InProcess.start(home);
      await running.ask();
      offset = 3 * hour;
      await running.ask();
      await vi.waitFor(() => expect(signers()).toEqual([vkeyId()]), { timeout: 20_000 });
      expect(keyEvents(running).at(-1)).toMatchObject({ type: 'key.retired', change: { kind: 'log-key', id: old } });
      await running.close();
      // The file of the old key may go once its time is over.
      configure({ key: { file: { path: 'audit/next.key' } } });
      await using again = await InProcess.start(home);
      expect(keyEvents(again).map(({ type }) => type)).toEqual(['key.activated', 'key.activated', 'key.retired']);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('A-18: a time that was over while no server ran is on the record of the next one', async () => {
    await live();
    const old = vkeyId();
    replaceKey();
    await live();
    configure({ key: { file: { path: 'audit/next.key' } } });
    await using running = await InProcess.start(home);
    expect(keyEvents(running).at(-1)).toMatchObject({ type: 'key.retired', change: { id: old } });
    await running.close();
    expect(signers()).toEqual([vkeyId()]);
  });

  it('not without a word about the one before: the start is refused, and says what to write', async () => {
    await live();
    const oldVkey = readFileSync(home.path('audit', 'log.vkey'), 'utf8').trim();
    const signed = readFileSync(home.path('audit/log/checkpoint'));
    home.write('audit/next.key', pem(generateKeyPairSync('ed25519').privateKey), 0o600);
    configure({ key: { file: { path: 'audit/next.key' } } });
    await expect(InProcess.start(home)).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining('belongs under audit.previousKeys'),
    });
    expect(readFileSync(home.path('audit/log/checkpoint'))).toEqual(signed);
    // One that is lost is named by its public key alone.
    configure({ key: { file: { path: 'audit/next.key' } }, previousKeys: [{ vkey: oldVkey }] });
    await using running = await InProcess.start(home);
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(keyEvents(running).map(({ type }) => type)).toEqual(['key.activated', 'key.activated', 'key.retired']);
    await running.close();
    expect(signers()).toEqual([vkeyId()]);
  });
});

describe('a log is signed by a key of its own', () => {
  it("not by an issuer's: the start is refused before anything is signed or written", async () => {
    configure({ key: { file: { path: 'issuers/mesh.key' } } });
    await expect(InProcess.start(home)).rejects.toThrow(
      /issuers\/mesh\.pem has the key that signs the log: a log is signed by a key of its own, never by a CA's/,
    );
    expect(existsSync(home.path('audit', 'log.db'))).toBe(false);
  });

  it("nor by a root's, nor beside it for a time", async () => {
    const p256 = testAuthority({ commonName: 'Another root' });
    home.write('issuers/root.key', p256.keyPem, 0o600);
    home.write('roots.pem', home.root.pem + p256.pem);
    configure({ key: { file: { path: 'issuers/root.key' } } });
    await expect(InProcess.start(home)).rejects.toThrow(/roots\.pem has the key that signs the log/);
    const until = moment(Date.now() + hour);
    configure({ previousKeys: [{ key: { file: { path: 'issuers/root.key' } }, until }] });
    await expect(InProcess.start(home)).rejects.toThrow(/roots\.pem has the key that signs the log/);
  });

  it('nor by one that verifiers of logs do not know', async () => {
    home.write('issuers/root.key', home.root.keyPem, 0o600);
    configure({ key: { file: { path: 'issuers/root.key' } } });
    await expect(InProcess.start(home)).rejects.toThrow(
      'a log is signed by a key of ed25519 or ec:P-256, not of ec:P-384',
    );
  });

  it('an issuer that is to have it while the server runs does not take over', async () => {
    const next = testAuthority({ commonName: 'Next mesh CA', issuer: home.root, trustDomain: 'cluster.local' });
    home.write('audit/log.key', next.keyPem, 0o600);
    await using running = await InProcess.start(home);
    home.write('issuers/mesh.pem', next.pem);
    home.write('issuers/mesh.key', next.keyPem, 0o600);
    await running.server.reload();
    expect((await running.ask()).chain[1]).toBe(home.intermediate.pem);
    expect(running.types).not.toContain('issuer.rotated');
  });

  it('a key is not its own predecessor', async () => {
    const until = moment(Date.now() + hour);
    configure({ previousKeys: [{ key: { file: { path: 'audit/log.key' } }, until }] });
    await expect(InProcess.start(home)).rejects.toThrow('names a key twice, or the one that signs now');
  });
});
