import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import graphene from 'graphene-pk11';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCeremony } from '#ceremony/run.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

describeWith(['softhsm'], 'a ceremony that is killed (-9)', () => {
  const held: { token?: TestToken } = {};
  const home = () => held.token?.directory ?? '';
  beforeAll(async () => {
    held.token = await testToken();
  });
  afterAll(() => held.token?.remove());

  const runAndDie = (round: string, limit: number) =>
    spawnSync(process.execPath, [new URL('./run-and-die.ts', import.meta.url).pathname, home(), round, String(limit)], {
      encoding: 'utf8',
      env: { ...process.env, ...held.token?.env },
    });

  async function runToTheEnd(round: string) {
    const plan = testPlan(home(), (text) =>
      text.replaceAll('quickstart-', `round${round}-`).replace('outputs: ca', `outputs: ca${round}`),
    );
    const stores = await openStores(plan);
    const outcome = await runCeremony(plan, {
      stores,
      shelf: durableShelf,
      clock: systemClock,
      entropy: systemEntropy,
    });
    await stores.hsm?.close();
    return outcome;
  }

  /** Objects in the token by class and label, as a fresh session sees them. */
  function census(label: string): Record<string, number> {
    const slot = [...pkcs11Module(softhsmModule).getSlots(true)].find(
      (each) => each.getToken().label === 'countersign-test',
    );
    const session = slot?.open(graphene.SessionFlag.SERIAL_SESSION);
    if (session === undefined) throw new Error('no session');
    try {
      session.login(held.token?.pin ?? '');
    } catch {
      // the process is logged in already
    }
    const { PRIVATE_KEY, PUBLIC_KEY, CERTIFICATE } = graphene.ObjectClass;
    const count = (kind: number) => session.find({ class: kind, label }).length;
    const found = { private: count(PRIVATE_KEY), public: count(PUBLIC_KEY), certificate: count(CERTIFICATE) };
    session.close();
    return found;
  }

  const once = { private: 1, public: 1, certificate: 1 };
  const pem = (round: string, name: string) => readFileSync(join(home(), `ca${round}`, `round${round}-${name}.pem`));

  it('right after any trace it leaves, is finished by the next run, with one root and one intermediate', async () => {
    const steps = runAndDie('whole', Infinity).stdout.trim().split(' ');
    expect(new Set(steps)).toEqual(new Set(['record', 'append', 'create', 'sign', 'store', 'replace']));
    for (let step = 1; step <= steps.length; step++) {
      const round = String(step);
      const where = `killed after ${step} of ${steps.length} (${steps[step - 1]})`;
      expect(runAndDie(round, step).signal, where).toBe('SIGKILL');
      await runToTheEnd(round);
      const [root, mesh] = [new X509Certificate(pem(round, 'root')), new X509Certificate(pem(round, 'mesh'))];
      expect([root.verify(root.publicKey), mesh.verify(root.publicKey)], where).toEqual([true, true]);
      expect(census(`round${round}-root`), where).toEqual(once);
      expect(census(`round${round}-mesh`), where).toEqual(once);
      const again = await runToTheEnd(round);
      expect(again.unchanged, where).toBe(true);
      expect(again.authorities[0]?.fingerprint, where).toBe(root.fingerprint256.replaceAll(':', '').toLowerCase());
    }
  }, 240_000);

  it('takes a torn last line of its journal for a step that never was', async () => {
    await runToTheEnd('torn');
    const journal = join(home(), 'catorn', 'ceremony.journal');
    const whole = readFileSync(journal, 'utf8');
    const root = pem('torn', 'root');
    for (const cut of [1, 10, 400]) {
      writeFileSync(journal, whole.slice(0, -cut));
      await runToTheEnd('torn');
      expect(pem('torn', 'root').equals(root)).toBe(true);
      expect(census('roundtorn-root')).toEqual(once);
      expect(census('roundtorn-mesh')).toEqual(once);
    }
  });

  it('writes again what was lost beside the journal', async () => {
    await runToTheEnd('lost');
    const before = pem('lost', 'mesh');
    writeFileSync(join(home(), 'calost', 'roundlost-mesh.pem'), 'damaged');
    await runToTheEnd('lost');
    expect(pem('lost', 'mesh').equals(before)).toBe(true);
  });

  it('without its journal refuses the key it finds, instead of making a second root', async () => {
    await runToTheEnd('bare');
    writeFileSync(join(home(), 'cabare', 'ceremony.journal'), '');
    await expect(runToTheEnd('bare')).rejects.toThrow(
      /already a key roundbare-root that this ceremony has no record of/,
    );
    expect(census('roundbare-root')).toEqual(once);
  });

  it('refuses a journal that somebody has edited, by file and line', async () => {
    await runToTheEnd('edited');
    const journal = join(home(), 'caedited', 'ceremony.journal');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"step":"key"', '"step":"kex"'));
    await expect(runToTheEnd('edited')).rejects.toThrow(
      /ceremony\.journal:3: this line is not one that a ceremony writes/,
    );
  });
});
