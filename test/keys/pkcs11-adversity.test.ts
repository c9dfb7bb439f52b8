import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import graphene from 'graphene-pk11';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStoreError, type KeyStoreErrorCode } from '#keys/key-store-error.ts';
import { privateKeyTemplate } from '#keys/pkcs11/key-attributes.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { Pkcs11Signer } from '#keys/pkcs11/signer.ts';
import type { TokenAddress } from '#keys/pkcs11/token.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { describeWith } from '#test/oracles.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import { hasPkcs11Tool, pkcs11Tool, softhsmModule, type TestToken, testToken } from './softhsm.ts';

const tbs = Buffer.from('to be signed');

describeWith(['softhsm'], 'a token that does not do as it should', () => {
  const held: { token?: TestToken } = {};
  const token = (): TestToken => {
    if (held.token === undefined) throw new Error('no token');
    return held.token;
  };
  const at = (uri: string, pin = join(token().directory, 'pin')): TokenAddress => ({
    uri: parsePkcs11Uri(uri),
    modulePath: softhsmModule,
    pin: { file: pin },
  });
  const secretFile = (name: string, content: string, mode = 0o600): string => {
    const path = join(token().directory, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  /** In a process of its own: login belongs to the process, and here it is made already. */
  const openElsewhere = (uri: string, pinFile: string): string =>
    execFileSync(
      process.execPath,
      [new URL('./open-signer.ts', import.meta.url).pathname, uri, softhsmModule, pinFile],
      {
        encoding: 'utf8',
        env: { ...process.env, ...token().env },
      },
    ).trim();

  beforeAll(async () => {
    held.token = await testToken();
    const store = await Pkcs11KeyStore.open(token().address);
    await (await store.create('ca', 'ec:P-256')).signer.close();
    await store.close();
  });
  afterAll(() => held.token?.remove());

  const refusals: readonly [string, KeyStoreErrorCode, RegExp, () => Promise<unknown>][] = [
    [
      'a token that is not there',
      'no-token',
      /no token fits token=nowhere; present are: countersign-test/,
      () => Pkcs11Signer.open(at('pkcs11:token=nowhere;object=ca')),
    ],
    [
      'a key that is not there',
      'no-key',
      /no private key with object=other; make it by a ceremony/,
      () => Pkcs11Signer.open(at('pkcs11:token=countersign-test;object=other')),
    ],
    [
      'a key with the right label and the wrong id',
      'no-key',
      /object=ca and id=0102/,
      () => Pkcs11Signer.open(at('pkcs11:token=countersign-test;object=ca;id=%01%02')),
    ],
    [
      'a URI that names no key',
      'uri',
      /give object, id or both/,
      () => Pkcs11Signer.open(at('pkcs11:token=countersign-test')),
    ],
    [
      'a module that is not there',
      'no-module',
      /there is no PKCS#11 module at \/nowhere\/lib.so/,
      () => Pkcs11Signer.open(at('pkcs11:token=countersign-test;object=ca?module-path=/nowhere/lib.so')),
    ],
    [
      'a file that is no module',
      'no-module',
      /cannot be loaded as a PKCS#11 module/,
      () => Pkcs11Signer.open(at(`pkcs11:object=ca?module-path=${secretFile('not-a-module', 'x')}`)),
    ],
    [
      'a PIN file that everybody can read',
      'secret',
      /open to every user of this machine; chmod 600 it/,
      () => Pkcs11Signer.open(at('pkcs11:object=ca', secretFile('open-pin', token().pin, 0o644))),
    ],
    [
      'a PIN file that is not there',
      'secret',
      /cannot read the PIN of the token/,
      () => Pkcs11Signer.open(at('pkcs11:object=ca', '/nowhere/pin')),
    ],
    [
      'an environment variable that is not set',
      'secret',
      /COUNTERSIGN_TEST_UNSET is not set/,
      () => Pkcs11Signer.open({ ...at('pkcs11:object=ca'), pin: { env: 'COUNTERSIGN_TEST_UNSET' } }),
    ],
  ];
  it.each(refusals)('names %s', async (_, code, sentence, open) => {
    const error = await open().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(KeyStoreError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  });

  it('says that a PIN is wrong, and never what it was', () => {
    const answer = openElsewhere('pkcs11:object=ca', secretFile('wrong-pin', '99999999'));
    expect(answer).toMatch(/^wrong-pin: the token does not accept the PIN/);
    expect(answer).not.toContain('99999999');
  });

  it('reads the PIN from the file that pin-source names, and from the environment', async () => {
    expect(openElsewhere(`pkcs11:object=ca?pin-source=file:${token().directory}/pin`, '/nowhere')).toBe('opened');
    process.env.COUNTERSIGN_TEST_PIN = token().pin;
    const signer = await Pkcs11Signer.open({ ...at('pkcs11:object=ca'), pin: { env: 'COUNTERSIGN_TEST_PIN' } });
    expect(signer.kind).toBe('ec:P-256');
    await signer.close();
  });

  /** Makes a key by hand, and says what opening a signer by its label comes to. */
  const make = async (label: string, wrong: graphene.ITemplate, id = Buffer.from(label)): Promise<string> => {
    const [slot] = [...pkcs11Module(softhsmModule).getSlots(true)].filter(
      (each) => each.getToken().label === 'countersign-test',
    );
    if (slot === undefined) throw new Error('no slot');
    const session = slot.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
    try {
      session.login(token().pin);
    } catch {
      // the process is logged in already
    }
    session.generateKeyPair(
      { name: 0x1040, params: null },
      { paramsEC: Buffer.from('06082a8648ce3d030107', 'hex'), token: true, label, id, verify: true },
      {
        ...privateKeyTemplate,
        label,
        id,
        ...wrong,
      },
    );
    session.close();
    return Pkcs11Signer.open(at(`pkcs11:object=${label}`)).then(
      () => 'accepted',
      (thrown: unknown) => (thrown instanceof KeyStoreError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
    );
  };

  describe('a key that is not fit to be a CA key is refused with the attributes that are wrong', () => {
    const cases: readonly [string, graphene.ITemplate, RegExp][] = [
      ['extractable', { extractable: true }, /CKA_EXTRACTABLE must be false.*CKA_NEVER_EXTRACTABLE must be true/],
      ['plain', { sensitive: false }, /CKA_SENSITIVE must be true.*CKA_ALWAYS_SENSITIVE must be true/],
      ['deriving', { derive: true }, /CKA_DERIVE must be false/],
      ['decrypting', { decrypt: true }, /CKA_DECRYPT must be false/],
      ['silent', { sign: false }, /CKA_SIGN must be true/],
    ];
    it.each(cases)('%s', async (label, wrong, sentence) => {
      const answer = await make(`bad-${label}`, wrong);
      expect(answer).toMatch(/^attribute: the key object=bad-/);
      expect(answer).toMatch(sentence);
    });
  });

  it.skipIf(!hasPkcs11Tool)(
    'P-21: refuses a key that was imported, as pkcs11-tool does it (needs the package opensc)',
    async () => {
      const pem = join(token().directory, 'imported.der');
      const { generateKeyPairSync } = await import('node:crypto');
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      writeFileSync(pem, privateKey.export({ format: 'der', type: 'sec1' }));
      pkcs11Tool(
        token(),
        '--write-object',
        pem,
        '--type',
        'privkey',
        '--label',
        'imported',
        '--id',
        'aa',
        '--usage-sign',
      );
      await expect(Pkcs11Signer.open(at('pkcs11:object=imported'))).rejects.toMatchObject({
        code: 'attribute',
        message: expect.stringMatching(/CKA_LOCAL must be true \(it was imported/),
      });
    },
  );

  it('refuses a name that two keys share', async () => {
    await make('twin', {}, Buffer.of(1));
    expect(await make('twin', {}, Buffer.of(2))).toMatch(
      /^several-keys: 2 private keys in the token fit object=twin; name it by both object and id/,
    );
    const signer = await Pkcs11Signer.open(at('pkcs11:object=twin;id=%02'));
    expect(signer.kind).toBe('ec:P-256');
    await signer.close();
  });

  describe('sessions', () => {
    const closeAll = () => {
      for (const slot of pkcs11Module(softhsmModule).getSlots(true)) slot.closeAll();
    };
    const verified = async (signer: Pkcs11Signer) =>
      verifySignature(importSpki(signer.spki), signer.algorithm, tbs, await signer.sign(tbs));

    it('recovers from sessions that were all closed under it, login included, and tells of it', async () => {
      const events: string[] = [];
      closeAll();
      const signer = await Pkcs11Signer.open(at('pkcs11:object=ca'), { onEvent: ({ type }) => events.push(type) });
      expect(await verified(signer)).toBe(true);
      closeAll();
      expect(await verified(signer)).toBe(true);
      expect(events).toEqual(['hsm.login', 'hsm.lost', 'hsm.login', 'hsm.recovered']);
      expect(signer.lost).toBeUndefined();
      await signer.close();
    });

    it('recovers when they are closed again and again under load', async () => {
      const signer = await Pkcs11Signer.open(at('pkcs11:object=ca'), { limits: { sessions: 4 } });
      for (let round = 0; round < 5; round++) {
        closeAll();
        expect(await Promise.all(Array.from({ length: 16 }, () => verified(signer)))).not.toContain(false);
      }
      await signer.close();
    });

    it('signs 64 at once through 4 sessions, and all verify', async () => {
      const signer = await Pkcs11Signer.open(at('pkcs11:object=ca'), { limits: { sessions: 4 } });
      expect(await Promise.all(Array.from({ length: 64 }, () => verified(signer)))).not.toContain(false);
      await signer.close();
    });
  });

  it('clears away the public half of a pair whose making was interrupted', async () => {
    const slot = [...pkcs11Module(softhsmModule).getSlots(true)].find(
      (each) => each.getToken().label === 'countersign-test',
    );
    const session = slot?.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
    const store = await Pkcs11KeyStore.open(token().address);
    await (await store.create('half', 'ec:P-256')).signer.close();
    session?.destroy({ label: 'half', class: graphene.ObjectClass.PRIVATE_KEY });
    await (await store.create('half', 'ec:P-256')).signer.close();
    expect(session?.find({ label: 'half', class: graphene.ObjectClass.PUBLIC_KEY })).toHaveLength(1);
    session?.close();
    await store.close();
    const signer = await Pkcs11Signer.open(at('pkcs11:object=half'));
    expect(await verifySignature(importSpki(signer.spki), signer.algorithm, tbs, await signer.sign(tbs))).toBe(true);
    await signer.close();
  });

  it('never signs with a key that was exchanged for another of the same name', async () => {
    const store = await Pkcs11KeyStore.open(token().address);
    await (await store.create('exchanged', 'ec:P-256')).signer.close();
    await store.close();
    const signer = await Pkcs11Signer.open(at('pkcs11:object=exchanged'), { limits: { sessions: 1 } });
    const slot = [...pkcs11Module(softhsmModule).getSlots(true)].find(
      (each) => each.getToken().label === 'countersign-test',
    );
    const session = slot?.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
    session?.destroy({ label: 'exchanged' });
    session?.close();
    const again = await Pkcs11KeyStore.open(token().address);
    await (await again.create('exchanged', 'ec:P-256')).signer.close();
    await again.close();
    await expect(signer.sign(tbs)).rejects.toMatchObject({ code: 'signer.unavailable' });
    await signer.close();
  });
});
