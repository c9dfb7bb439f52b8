import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signingMechanism } from '#keys/pkcs11/mechanism.ts';
import { verifySignature } from '#x509/verify-signature.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const half = (first: string) => first.padEnd(64, '1');

describe('what a token gives back', () => {
  const { output } = signingMechanism('ecdsa-sha256');
  const forced: readonly [string, string, string][] = [
    ['plain halves', half('7f') + half('01'), `3044 0220${half('7f')} 0220${half('01')}`],
    ['a high bit in r', half('80') + half('01'), `3045 022100${half('80')} 0220${half('01')}`],
    ['a high bit in s', half('01') + half('ff'), `3045 0220${half('01')} 022100${half('ff')}`],
    ['a leading zero in r', half('0080') + half('01'), `3044 0220${half('0080')} 0220${half('01')}`],
    ['a leading zero in s', half('01') + half('007f'), `3043 0220${half('01')} 021f${half('007f').slice(2)}`],
  ];
  it.each(forced)('P-13: %s becomes minimal INTEGERs', (_, raw, der) => {
    expect(hex(output(Buffer.from(raw, 'hex')))).toBe(der.replaceAll(' ', ''));
  });

  it('P-13: 500 raw signatures of a real key verify after the conversion', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    for (let i = 0; i < 500; i++) {
      const tbs = Buffer.from(`message ${i}`);
      const raw = sign('sha256', tbs, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(await verifySignature(publicKey, 'ecdsa-sha256', tbs, output(raw))).toBe(true);
    }
  });

  it('refuses ML-DSA in a token by name', () => {
    expect(() => signingMechanism('ml-dsa-65')).toThrow(/ml-dsa-65 keys cannot live in a PKCS#11 token yet/);
  });
});

describe('verifySignature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const tbs = Buffer.from('to be signed');
  const signature = sign('sha256', tbs, privateKey);

  it('is false, and not an error, for anything that is no signature of that key', async () => {
    expect(await verifySignature(publicKey, 'ecdsa-sha256', tbs, signature)).toBe(true);
    const bad = [
      new Uint8Array(),
      signature.subarray(1),
      Buffer.concat([signature, Buffer.of(0)]),
      Buffer.alloc(70, 0x30),
    ];
    for (const each of bad) expect(await verifySignature(publicKey, 'ecdsa-sha256', tbs, each)).toBe(false);
  });

  it('is false for a key of another kind than the algorithm', async () => {
    const other = generateKeyPairSync('ed25519');
    expect(await verifySignature(other.publicKey, 'ecdsa-sha256', tbs, signature)).toBe(false);
  });
});
