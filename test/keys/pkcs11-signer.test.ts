import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { Pkcs11Signer } from '#keys/pkcs11/signer.ts';
import { describeWith } from '#test/oracles.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { signerSuite } from './signer.suite.ts';
import { hasPkcs11Tool, pkcs11Tool, type TestToken, testToken } from './softhsm.ts';

const kinds: readonly KeyKind[] = ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'ed25519'];
const labelOf = (kind: KeyKind) => `signer-${kind.replace(':', '-')}`;

describeWith(['softhsm'], 'keys in SoftHSM', () => {
  const held: { token?: TestToken } = {};
  const token = (): TestToken => {
    if (held.token === undefined) throw new Error('no token');
    return held.token;
  };

  beforeAll(async () => {
    held.token = await testToken();
    const store = await Pkcs11KeyStore.open(token().address);
    for (const kind of kinds) await (await store.create(labelOf(kind), kind)).signer.close();
    await store.close();
  });
  afterAll(() => held.token?.remove());

  signerSuite('PKCS#11', kinds, (kind) => Pkcs11Signer.open(token().address, { key: { label: labelOf(kind) } }));

  it('says of a key it made that it is sensitive, local and never extractable', async () => {
    const signer = await Pkcs11Signer.open(token().address, { key: { label: labelOf('ec:P-256') } });
    expect(signer.attributes).toEqual({
      sensitive: true,
      extractable: false,
      neverExtractable: true,
      alwaysSensitive: true,
      local: true,
    });
    expect(signer.token).toMatchObject({ label: 'countersign-test', model: 'SoftHSM v2' });
    await signer.close();
  });

  it.skipIf(!hasPkcs11Tool)('is as sensitive in the eyes of pkcs11-tool (needs the package opensc)', () => {
    const listed = pkcs11Tool(token(), '--list-objects', '--type', 'privkey', '--label', labelOf('ec:P-256'));
    expect(listed).toMatch(/Usage:\s+sign\s*\n/);
    expect(listed).toMatch(/sensitive, always sensitive, never extractable, local/);
  });
});
