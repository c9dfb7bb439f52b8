import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '#x509/der/reader.ts';
import { ecdsaRawToDer } from '#x509/signature.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const raw = (r: string, s: string) => new Uint8Array(Buffer.from(r + s, 'hex'));
const fill = (start: string, octets: number) => start.padEnd(octets * 2, '1');

describe('ECDSA r||s as DER', () => {
  it.each<[string, Uint8Array, string]>([
    ['plain halves', raw(fill('7f', 32), fill('01', 32)), `30440220${fill('7f', 32)}0220${fill('01', 32)}`],
    ['r with the high bit', raw(fill('80', 32), fill('01', 32)), `3045022100${fill('80', 32)}0220${fill('01', 32)}`],
    ['s with the high bit', raw(fill('01', 32), fill('ff', 32)), `30450220${fill('01', 32)}022100${fill('ff', 32)}`],
    ['r with a leading zero', raw(fill('0001', 32), fill('01', 32)), `3043021f${fill('01', 31)}0220${fill('01', 32)}`],
    [
      'a zero before a high bit stays',
      raw(fill('0080', 32), fill('01', 32)),
      `30440220${fill('0080', 32)}0220${fill('01', 32)}`,
    ],
    ['r and s of one octet', raw('01'.padStart(64, '0'), 'ff'.padStart(64, '0')), '3007020101020200ff'],
    [
      'P-521: long form of the outer length',
      raw(fill('0101', 66), fill('0101', 66)),
      `30818802420${'101'}${fill('', 64)}0242${fill('0101', 66)}`,
    ],
  ])('P-13: %s', (_, signature, der) => {
    expect(hex(ecdsaRawToDer(signature))).toBe(der);
  });

  it('P-13: any r||s becomes minimal, positive INTEGERs of the same value', () => {
    const half = fc.constantFrom(32, 48, 66).chain((n) => fc.uint8Array({ minLength: 2 * n, maxLength: 2 * n }));
    fc.assert(
      fc.property(half, (signature) => {
        const n = signature.length / 2;
        const [r, s] = [signature.subarray(0, n), signature.subarray(n)].map((part) => BigInt(`0x${hex(part)}`));
        fc.pre(r !== 0n && s !== 0n);
        const outer = DerReader.over(ecdsaRawToDer(signature));
        const fields = outer.sequence();
        outer.finish();
        const read = [fields.integer(), fields.integer()]; // the reader refuses what is not minimal
        fields.finish();
        expect(read.map((octets) => (octets[0] ?? 0x80) < 0x80)).toEqual([true, true]);
        expect(read.map((octets) => BigInt(`0x${hex(octets)}`))).toEqual([r, s]);
      }),
    );
  });

  it.each(['P-256', 'P-384', 'P-521'])('P-13: what OpenSSL signs raw on %s it verifies as DER', (namedCurve) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    for (let i = 0; i < 32; i++) {
      const message = Buffer.of(i);
      const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const key = { key: createPublicKey(privateKey), dsaEncoding: 'der' as const };
      expect(verify('sha256', message, key, ecdsaRawToDer(signature))).toBe(true);
    }
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['an odd length', new Uint8Array(65).fill(1)],
    ['r of zero', raw('00'.repeat(32), fill('01', 32))],
    ['s of zero', raw(fill('01', 32), '00'.repeat(32))],
    ['halves longer than any curve', new Uint8Array(134).fill(1)],
  ])('refuses %s', (_, signature) => {
    expect(() => ecdsaRawToDer(signature)).toThrow(RangeError);
  });
});
