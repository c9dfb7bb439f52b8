import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { loadConfig } from '#config/load.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { layFoundation } from '#server/foundation.ts';
import { HsmEvents } from '#server/hsm-events.ts';
import { openTokenKey } from '#server/open-key.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { quietly, TestHome } from '#test/support/home.ts';

describeWith(['softhsm'], 'what the record says of a token', () => {
  const held = {} as { home: TestHome; token: TestToken };
  beforeAll(async () => {
    Object.assign(held, { home: new TestHome({ config: quietly }), token: await testToken() });
    const store = await Pkcs11KeyStore.open(held.token.address);
    await (await store.create('ca', 'ec:P-256')).signer.close();
    await store.close();
  });
  afterAll(() => {
    held.token.remove();
    held.home[Symbol.dispose]();
  });

  const openWith = (hsm: HsmEvents, pin: string) => {
    held.home.write('pin', `${pin}\n`, 0o600);
    const uri = 'pkcs11:token=countersign-test;object=ca';
    const place = { module: softhsmModule, pin: { file: held.home.path('pin') }, sessions: 2 };
    return openTokenKey({ kind: 'pkcs11', uri, ...place }, hsm.listener);
  };
  const listening = () => {
    const hsm = new HsmEvents(layFoundation(loadConfig(held.home.path('countersign.yaml')).config));
    const events: AuditEvent[] = [];
    const append = async (event: AuditEvent) => events.push(event) - 1;
    return { hsm, events, recordNow: () => hsm.recordIn({ append, size: 0, newestTime: 0 }) };
  };

  it('A-6: a login, a loss, the login after it and the return, also what came before the log, and never the PIN', async () => {
    const { hsm, events, recordNow } = listening();
    const key = await openWith(hsm, held.token.pin);
    expect(events).toEqual([]);
    recordNow();
    for (const slot of pkcs11Module(softhsmModule).getSlots(true)) slot.closeAll();
    await key.signer.sign(Buffer.of(1));
    await key.signer.close();
    expect(events.map(({ type, outcome }) => [type, outcome])).toEqual([
      ['hsm.login', 'success'],
      ['hsm.lost', 'failed'],
      ['hsm.login', 'success'],
      ['hsm.recovered', 'success'],
    ]);
    expect(events[0]).toMatchObject({ key: { token: { label: 'countersign-test' } }, actor: { user: 'CKU_USER' } });
    expect(JSON.stringify(events)).not.toContain(held.token.pin);
  });

  it('A-6: a login that the token refused, with its reason, and never the wrong PIN either', async () => {
    const { hsm, events, recordNow } = listening();
    recordNow();
    await expect(openWith(hsm, '11223344')).rejects.toMatchObject({ code: 'wrong-pin' });
    expect(events).toMatchObject([{ type: 'hsm.login', outcome: 'failed', reason: 'signer.unavailable' }]);
    expect(events[0]?.message).toMatch(/does not accept the PIN/);
    expect(JSON.stringify(events)).not.toContain('11223344');
  });
});
