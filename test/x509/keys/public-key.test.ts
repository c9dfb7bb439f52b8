import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { bitString, integer, nothing, oid, sequence } from '#x509/der/writer.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { ecKey, ed25519Key, mlDsaKey, rsaKey, spkiOf, type TestKey } from '../csr/build.ts';

const cases = readFileSync(join(import.meta.dirname, 'wycheproof.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'))
  .map(([curve = '', result = '', flags = '', comment = '', spki = '']) => ({
    curve,
    result,
    flags: flags.split(','),
    comment,
    spki: Uint8Array.from(Buffer.from(spki, 'base64')),
  }));

/** The kind of a key that is shaped well and, for EC, on its curve; otherwise the refusal's code. */
function verdict(spki: Uint8Array): string {
  try {
    const key = readSpki(spki);
    return key.object.asymmetricKeyType === undefined ? 'nothing' : key.kind;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.code;
    throw thrown;
  }
}

describe('P-27: EC public keys of Project Wycheproof', () => {
  it.each(['P-256', 'P-384', 'P-521'])('%s: every invalid one is refused', (curve) => {
    const invalid = cases.filter((each) => each.curve === curve && each.result === 'invalid');
    expect(invalid.length).toBeGreaterThan(40);
    const taken = invalid.filter(({ spki }) => verdict(spki) === `ec:${curve}`);
    expect(taken.map(({ comment }) => comment)).toEqual([]);
  });

  it.each(['P-256', 'P-384', 'P-521'])('%s: every one that is merely acceptable is refused', (curve) => {
    const acceptable = cases.filter((each) => each.curve === curve && each.result === 'acceptable');
    expect(acceptable.length).toBeGreaterThan(200);
    const taken = acceptable.filter(({ spki }) => !verdict(spki).startsWith('key.'));
    expect(taken.map(({ comment }) => comment)).toEqual([]);
  });

  it.each(['P-256', 'P-384', 'P-521'])('%s: every valid one is taken', (curve) => {
    const valid = cases.filter((each) => each.curve === curve && each.result === 'valid');
    expect(valid.length).toBeGreaterThan(25);
    expect(valid.filter(({ spki }) => verdict(spki) !== `ec:${curve}`).map(({ comment }) => comment)).toEqual([]);
  });

  it('points that are on no curve say so', () => {
    const attack = cases.filter(({ flags }) => flags.includes('InvalidCurveAttack'));
    const codes = new Set(attack.map(({ spki }) => verdict(spki)));
    expect(attack.length).toBe(48);
    expect([...codes].every((code) => code.startsWith('key.'))).toBe(true);
    expect(codes).toContain('key.weak.point');
  });
});

describe('a public key', () => {
  const kinds: readonly (readonly [KeyKind, () => TestKey])[] = [
    ['ec:P-256', () => ecKey('P-256')],
    ['ec:P-384', () => ecKey('P-384')],
    ['ec:P-521', () => ecKey('P-521')],
    ['rsa:2048', () => rsaKey(2048)],
    ['ed25519', ed25519Key],
    ['ml-dsa-44', () => mlDsaKey('ml-dsa-44')],
    ['ml-dsa-65', () => mlDsaKey('ml-dsa-65')],
    ['ml-dsa-87', () => mlDsaKey('ml-dsa-87')],
  ];

  it.each(kinds)('%s is read as what OpenSSL wrote', (kind, make) => {
    const spki = spkiOf(make());
    const key = readSpki(spki);
    expect(key.kind).toBe(kind);
    expect(key.spki).toEqual(spki);
    expect(Buffer.from(key.object.export({ format: 'der', type: 'spki' }))).toEqual(Buffer.from(spki));
    expect(Buffer.from(spki.subarray(-key.bits.length))).toEqual(Buffer.from(key.bits));
  });

  it.each(kinds)('%s with any one octet of its frame changed is refused', (_, make) => {
    const spki = Uint8Array.from(spkiOf(make()));
    for (let at = 0; at < spki.length - readSpki(spki).bits.length; at++) {
      const changed = spki.with(at, (spki[at] ?? 0) ^ 0x41);
      expect(verdict(changed)).toMatch(/^key\./);
    }
  });

  it.each(kinds)('%s followed or preceded by an octet is refused', (_, make) => {
    const spki = Uint8Array.from(spkiOf(make()));
    expect(verdict(Uint8Array.from([...spki, 0]))).toMatch(/^key\./);
    expect(verdict(Uint8Array.from([0, ...spki]))).toMatch(/^key\./);
  });

  it('P-26: an even modulus, e of 1, 2, 3, 65536 or above n, and 16,384 bits are refused without arithmetic', () => {
    const rsa = (n: bigint, e: bigint) =>
      sequence(sequence(oid('1.2.840.113549.1.1.1'), nothing()), bitString(sequence(integer(n), integer(e))));
    const n = (1n << 2047n) + 123_456_789n;
    const refused: readonly (readonly [string, bigint, bigint, string])[] = [
      ['even', n + 1n, 65537n, 'key.malformed'],
      ['e = 1', n, 1n, 'key.not-allowed'],
      ['e = 2', n, 2n, 'key.malformed'],
      ['e = 3', n, 3n, 'key.not-allowed'],
      ['e = 65536', n, 65536n, 'key.malformed'],
      ['e = n + 2', n, n + 2n, 'key.malformed'],
      ['16,384 bits', (1n << 16383n) + 1n, 65537n, 'key.not-allowed'],
      ['15', 15n, 65537n, 'key.malformed'],
    ];
    for (const [what, modulus, exponent, code] of refused) expect(verdict(rsa(modulus, exponent)), what).toBe(code);
    expect(verdict(rsa(n, 65537n))).toBe('rsa:2048');
  });

  it('a modulus of 2047 or 2049 bits is read with its exact size, so that policy can refuse it', () => {
    const rsa = (n: bigint) =>
      sequence(sequence(oid('1.2.840.113549.1.1.1'), nothing()), bitString(sequence(integer(n), integer(65537))));
    expect(verdict(rsa((1n << 2046n) + 1n))).toBe('key.not-allowed');
    expect(verdict(rsa((1n << 2048n) + 1n))).toBe('rsa:2049');
  });
});
