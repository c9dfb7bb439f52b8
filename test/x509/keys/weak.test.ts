import { createHash, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFermatFactor } from '#x509/keys/weak/fermat.ts';
import { isPerfectPower } from '#x509/keys/weak/perfect-power.ts';
import { oddPrimes } from '#x509/keys/weak/primes.ts';
import { hasRocaFingerprint } from '#x509/keys/weak/roca.ts';
import { bitLength, root, squareRoot } from '#x509/keys/weak/roots.ts';
import { findRsaWeakness } from '#x509/keys/weak/rsa.ts';
import { findSmallFactor } from '#x509/keys/weak/small-factors.ts';
import {
  closeIn,
  dividedByThree,
  perfectPower,
  perfectSquare,
  rocaModulus,
  withoutSmallFactor,
} from './weak-moduli.ts';

const octets = (n: bigint) => Uint8Array.from(Buffer.from(n.toString(16).padStart(512, '0'), 'hex'));
const codeOf = (n: bigint) => findRsaWeakness(octets(n))?.code ?? 'none';

/** A modulus of 2048 bits like those of key generators, without their many seconds: two primes of 1024 bits. */
function freshPrimes(count: number): readonly bigint[] {
  return Array.from({ length: count }, () => generatePrimeSync(1024, { bigint: true, add: 4n, rem: 3n }));
}

describe('P-24: ROCA', () => {
  it('the published key is refused', () => {
    const published =
      19089470491547632015867380494603366846979936677899040455785311493700173635637619562546319438505971838982429681121352968394792665704951454132311441831732124044135181992768774222852895664400681270897445415599851900461316070972022018317962889565731866601557238345786316235456299813772607869009873279585912430769332375239444892105064608255089298943707214066350230292124208314161171265468111771687514518823144499250339825049199688099820304852696380797616737008621384107235756455735861506433065173933123259184114000282435500939123478591192413006994709825840573671701120771013072419520134975733578923370992644987545261926257n;
    const sha256 = createHash('sha256').update(octets(published)).digest('hex');
    expect(sha256.startsWith('a65eed2f') && sha256.endsWith('81881e')).toBe(true);
    expect(codeOf(published)).toBe('key.weak.roca');
  });

  it('a synthetic one is refused', () => {
    const n = rocaModulus();
    expect(createHash('sha256').update(octets(n)).digest('hex')).toBe(
      '3b84b3022d1e2de12843dae7c46a3a84c232161905f3ca5bb8825c3ca31b43a7',
    );
    expect(codeOf(n)).toBe('key.weak.roca');
  });

  it('a modulus that is a power of 65537 modulo each prime, but not the same one, is cleared', () => {
    // The orders of 65537 modulo 11 and modulo 61 share the factor 5: exponents 1 and 0 contradict each other.
    const others = oddPrimes(167).reduce((product, prime) => (prime === 11 ? product : product * BigInt(prime)), 2n);
    let n = 1n + others;
    while (n % 11n !== 65537n % 11n) n += others;
    expect(hasRocaFingerprint(n)).toBe(false);
    expect(hasRocaFingerprint(1n + others * 11n)).toBe(true);
  });

  it('a power of 65537 fits, its neighbour does not', () => {
    expect(hasRocaFingerprint(65537n)).toBe(true);
    expect(hasRocaFingerprint(rocaModulus() + 2n)).toBe(false);
  });

  it('1,000 fresh moduli and 20 keys of OpenSSL pass every test', () => {
    const primes = freshPrimes(46);
    const moduli = primes.flatMap((p, i) => primes.slice(i + 1).map((q) => p * q)).slice(0, 1000);
    expect(moduli.length).toBe(1000);
    expect(moduli.filter((n) => codeOf(n) !== 'none')).toEqual([]);
    for (let i = 0; i < 20; i++) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const { n = '' } = publicKey.export({ format: 'jwk' });
      expect(findRsaWeakness(Buffer.from(n, 'base64url'))).toBeNull();
    }
  }, 120_000);
});

describe('P-25: Fermat', () => {
  it.each([1, 2, 14, 109, 110])('a modulus that falls in round %i is refused', (round) => {
    const n = closeIn(round);
    expect(findFermatFactor(n)).toBe(round);
    expect(codeOf(n)).toBe('key.weak.fermat');
  });

  it('one that would fall in round 111 is not looked for', () => {
    expect(findFermatFactor(closeIn(111))).toBeUndefined();
  });

  it('59 · 101 falls in round 3, and a pair that differs by 30 in round 1', () => {
    expect(findFermatFactor(59n * 101n)).toBe(3);
    const p =
      12451309173743450529024753538187635497858772172998414407116324997634262083672423797183640278969532658774374576700091736519352600717664126766443002156788367n;
    expect(findFermatFactor(p * (p - 30n))).toBe(1);
  });

  it('4096 bits are followed as well', () => {
    expect(findFermatFactor(closeIn(14, 4096))).toBe(14);
  });

  it('a pair just as far apart as FIPS 186-5 demands passes', () => {
    const p = withoutSmallFactor(3n << 1022n);
    const q = withoutSmallFactor(p + (1n << 924n));
    expect(codeOf(p * q)).toBe('none');
  });

  it('p · p is refused as a power', () => {
    expect(findFermatFactor(perfectSquare())).toBe(0);
    expect(codeOf(perfectSquare())).toBe('key.weak.power');
  });
});

describe('powers and small factors', () => {
  it.each([3, 5, 7])('a power of %i is refused', (k) => {
    expect(isPerfectPower(perfectPower(k))).toBe(true);
    expect(codeOf(perfectPower(k))).toBe('key.weak.power');
    expect(isPerfectPower(perfectPower(k) + 2n)).toBe(false);
  });

  it('every prime up to 751 is found, 757 is not looked for', () => {
    const rest = withoutSmallFactor(1n << 2040n);
    expect(findSmallFactor(rest * 3n)).toBe(3);
    expect(findSmallFactor(rest * 751n)).toBe(751);
    expect(findSmallFactor(rest * 743n * 751n)).toBe(743);
    expect(findSmallFactor(rest * 757n)).toBeUndefined();
    expect(codeOf(dividedByThree())).toBe('key.weak.small-factor');
  });
});

describe('roots', () => {
  it('are the largest numbers whose powers are not above n', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1n << 2100n }), fc.integer({ min: 2, max: 7 }), (n, k) => {
        const r = k === 2 ? squareRoot(n) : root(n, k);
        expect(r ** BigInt(k) <= n && (r + 1n) ** BigInt(k) > n).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('bit lengths are exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (bits) => {
        expect(bitLength(1n << BigInt(bits - 1))).toBe(bits);
        expect(bitLength((1n << BigInt(bits)) - 1n)).toBe(bits);
      }),
    );
  });
});
