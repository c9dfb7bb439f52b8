import { generateKeyPairSync } from 'node:crypto';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { bitString, integer, nothing, oid, sequence } from '#x509/der/writer.ts';
import { closePrimes, dividedByThree, perfectSquare, rocaModulus } from '../keys/weak-moduli.ts';
import { buildCsr, ecKey, ed25519Key, joined, raw, rsaKey, spkiOf, standardKey } from './build.ts';
import type { Invalid } from './generate.ts';

/** Keys: refused before anyone looks at the signature, so the signature here is another key's. */
export function invalidKeys(): readonly Invalid[] {
  const key = (item: string, code: string, what: string, spki: Uint8Array): Invalid => ({
    row: `key.${item}`,
    code,
    name: what,
    input: buildCsr({ spki }),
  });
  const weak = (code: string, what: string, n: bigint): Invalid => ({
    row: 'key.weak',
    code,
    name: what,
    input: buildCsr({ spki: rsa(n), algorithm: algorithmIdentifier('rsa-sha256') }),
  });
  const signed = (item: string, code: string, what: string, parts: Parameters<typeof buildCsr>[0]): Invalid => ({
    row: `key.${item}`,
    code,
    name: what,
    input: buildCsr(parts),
  });
  const p256 = spkiOf(standardKey());
  const point = p256.subarray(-64);
  const sound = BigInt(`0x${'c'.repeat(511)}b`);
  return [
    signed('size', 'key.not-allowed', 'RSA-1024', { key: rsaKey(1024) }),
    key('size', 'key.not-allowed', 'RSA-2040', rsa((1n << 2039n) + 9n)),
    key('size', 'key.not-allowed', 'RSA-16384', rsa((1n << 16383n) + 9n)),
    signed('curve', 'key.not-allowed', 'P-224', { key: ecKey('secp224r1') }),
    signed('curve', 'key.not-allowed', 'P-192', { key: ecKey('prime192v1') }),
    signed('curve', 'key.not-allowed', 'secp256k1', { key: ecKey('secp256k1') }),
    signed('curve', 'key.not-allowed', 'brainpoolP256r1', { key: ecKey('brainpoolP256r1') }),
    signed('curve', 'key.not-allowed', 'brainpoolP384r1', { key: ecKey('brainpoolP384r1') }),
    key(
      'type',
      'key.not-allowed',
      'DSA',
      generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey.export({
        format: 'der',
        type: 'spki',
      }),
    ),
    key(
      'type',
      'key.not-allowed',
      'Ed448',
      generateKeyPairSync('ed448').publicKey.export({ format: 'der', type: 'spki' }),
    ),
    key(
      'type',
      'key.not-allowed',
      'X25519',
      generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }),
    ),
    key(
      'type',
      'key.not-allowed',
      'RSASSA-PSS',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' }),
    ),
    key('exponent', 'key.malformed', 'e = 2', rsa(sound, 2n)),
    key('exponent', 'key.not-allowed', 'e = 1', rsa(sound, 1n)),
    signed('exponent', 'key.not-allowed', 'e = 3', { key: rsaKey(2048, 3) }),
    key('exponent', 'key.malformed', 'e = 65536', rsa(sound, 65536n)),
    key('exponent', 'key.malformed', 'e above n', rsa(sound, sound + 2n)),
    key('modulus', 'key.malformed', 'an even modulus', rsa(sound + 1n)),
    key('modulus', 'key.malformed', 'a modulus of zero', rsa(0n)),
    key('modulus', 'key.malformed', 'a negative modulus', rsaOf(raw('0201ff'), integer(65537))),
    key(
      'rsa-form',
      'key.malformed',
      'no parameters',
      sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(sequence(integer(sound), integer(65537)))),
    ),
    key(
      'rsa-form',
      'key.malformed',
      'a third INTEGER',
      sequence(rsaAlgorithm(), bitString(sequence(integer(sound), integer(65537), integer(1)))),
    ),
    key(
      'rsa-form',
      'key.malformed',
      'a modulus with a leading zero',
      rsaOf(joined(raw('0282010200 00'), raw('c'.repeat(512))), integer(65537)),
    ),
    key(
      'rsa-form',
      'key.malformed',
      'octets behind the numbers',
      sequence(rsaAlgorithm(), bitString(joined(sequence(integer(sound), integer(65537)), raw('00')))),
    ),
    weak('key.weak.small-factor', 'divisible by 3', dividedByThree()),
    weak('key.weak.roca', 'ROCA', rocaModulus()),
    weak('key.weak.fermat', 'close primes', closePrimes()),
    weak('key.weak.power', 'a square', perfectSquare()),
    key('ec-form', 'key.malformed', 'a compressed point', ec(joined(raw('02'), point.subarray(0, 32)))),
    key('ec-form', 'key.malformed', 'a hybrid point', ec(joined(raw((point.at(-1) ?? 0) & 1 ? '07' : '06'), point))),
    key('ec-form', 'key.malformed', 'infinity', ec(raw('00'))),
    key('ec-form', 'key.malformed', 'an octet behind the point', ec(joined(raw('04'), point, raw('00')))),
    key(
      'ec-form',
      'key.malformed',
      'no curve',
      sequence(sequence(oid('1.2.840.10045.2.1')), bitString(joined(raw('04'), point))),
    ),
    key(
      'ec-form',
      'key.malformed',
      'implicit curve',
      sequence(sequence(oid('1.2.840.10045.2.1'), nothing()), bitString(joined(raw('04'), point))),
    ),
    key(
      'ec-form',
      'key.malformed',
      'explicit parameters',
      sequence(sequence(oid('1.2.840.10045.2.1'), sequence(integer(1))), bitString(joined(raw('04'), point))),
    ),
    key(
      'ec-form',
      'key.malformed',
      'NULL behind the curve',
      sequence(
        sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'), nothing()),
        bitString(joined(raw('04'), point)),
      ),
    ),
    key('point', 'key.weak.point', 'not on the curve', ec(joined(raw('04'), point.with(-1, (point.at(-1) ?? 0) ^ 1)))),
    key('point', 'key.weak.point', 'a point of zeros', ec(joined(raw('04'), new Uint8Array(64)))),
    key('point', 'key.weak.point', 'a coordinate above p', ec(joined(raw('04'), new Uint8Array(64).fill(0xff)))),
    key(
      'point',
      'key.not-allowed',
      'a P-256 point said to be on secp256k1',
      sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.3.132.0.10')), bitString(joined(raw('04'), point))),
    ),
    edwards('y = 0', '00'.repeat(32)),
    edwards('y = 1', `01${'00'.repeat(31)}`),
    edwards('y = -1', `ec${'ff'.repeat(30)}7f`),
    edwards('y = p', `ed${'ff'.repeat(30)}7f`),
    edwards('y = p + 1', `ee${'ff'.repeat(30)}7f`),
    edwards('a point of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
    key(
      'edwards',
      'key.malformed',
      'Ed25519 of 31 octets',
      sequence(sequence(oid('1.3.101.112')), bitString(new Uint8Array(31).fill(9))),
    ),
    key(
      'edwards',
      'key.malformed',
      'Ed25519 with NULL',
      sequence(sequence(oid('1.3.101.112'), nothing()), bitString(new Uint8Array(32).fill(9))),
    ),
    key(
      'ml-dsa',
      'key.malformed',
      'ML-DSA-44 one octet short',
      sequence(sequence(oid('2.16.840.1.101.3.4.3.17')), bitString(new Uint8Array(1311))),
    ),
    key(
      'ml-dsa',
      'key.malformed',
      'an ML-DSA-44 key named ML-DSA-65',
      sequence(sequence(oid('2.16.840.1.101.3.4.3.18')), bitString(new Uint8Array(1312))),
    ),
    key('blocklist', 'key.blocklisted', 'the P-256 key of RFC 7515 A.3', ec(rfc7515())),
  ];

  function edwards(what: string, hex: string): Invalid {
    const spki = spkiOf(ed25519Key()).subarray(0, 12);
    return key('edwards', 'key.weak.point', what, joined(spki, raw(hex)));
  }
}

const rsaAlgorithm = () => sequence(oid('1.2.840.113549.1.1.1'), nothing());
const rsaOf = (n: Uint8Array, e: Uint8Array) => sequence(rsaAlgorithm(), bitString(sequence(n, e)));
const rsa = (n: bigint, e = 65537n) => rsaOf(integer(n), integer(e));
const ec = (point: Uint8Array) =>
  sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bitString(point));

const rfc7515 = () =>
  joined(
    raw('04'),
    Buffer.from('f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', 'base64url'),
    Buffer.from('x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0', 'base64url'),
  );
