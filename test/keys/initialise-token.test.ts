import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import graphene from 'graphene-pk11';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialiseToken } from '#keys/pkcs11/initialise-token.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { describeWith } from '#test/oracles.ts';
import { softhsmModule, type TestToken, testToken } from './softhsm.ts';

describeWith(['softhsm'], 'initialising a token', () => {
  const held: { token?: TestToken } = {};
  const secret = (name: string) => ({ file: join(held.token?.directory ?? '', name) });
  const open = (label: string) =>
    Pkcs11KeyStore.open({
      uri: parsePkcs11Uri(`pkcs11:token=${label}`),
      modulePath: softhsmModule,
      pin: secret('pin'),
    });
  const initialise = (label: string, soPin = 'so-pin') =>
    initialiseToken(softhsmModule, label, secret(soPin), secret('pin'));
  /** What a crash between C_InitToken and C_InitPIN leaves. */
  const halfInitialise = (label: string) => {
    const slots = [...pkcs11Module(softhsmModule).getSlots(true)];
    const empty = slots.find((slot) => (slot.getToken().flags & graphene.TokenFlag.TOKEN_INITIALIZED) === 0);
    empty?.lib.C_InitToken(empty.handle, held.token?.soPin, label);
  };

  beforeAll(async () => {
    held.token = await testToken();
  });
  afterAll(() => held.token?.remove());

  it('gives a token that keys can be made in, and keeps them when asked again', async () => {
    expect(await initialise('fresh')).toBe('initialised');
    const store = await open('fresh');
    await (await store.create('kept', 'ec:P-256')).signer.close();
    expect(await initialise('fresh')).toBe('already-there');
    expect((await store.find('kept'))?.label).toBe('kept');
    await store.close();
  });

  it('finishes one that was interrupted before it had a user PIN; until then the token is named as such', async () => {
    halfInitialise('half');
    await expect(open('half')).rejects.toMatchObject({ code: 'no-pin' });
    expect(await initialise('half')).toBe('initialised');
    await (await open('half')).close();
  });

  it('does not take another security officer PIN for it', async () => {
    halfInitialise('guarded');
    writeFileSync(secret('other').file, '00000000', { mode: 0o600 });
    await expect(initialise('guarded', 'other')).rejects.toMatchObject({ code: 'wrong-pin' });
    await expect(open('guarded')).rejects.toMatchObject({ code: 'no-pin' });
  });

  it.each(['', 'x'.repeat(33), 'ä'.repeat(17)])('refuses the label "%s": it has 1 to 32 bytes', async (label) => {
    await expect(initialise(label)).rejects.toThrow(/1 to 32 bytes/);
  });
});
