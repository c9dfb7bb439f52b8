import { oddPrimes } from '#x509/keys/weak/primes.ts';
import { squareRoot } from '#x509/keys/weak/roots.ts';

/** Moduli that are weak in a known way, built rather than found; none has a private key that anybody uses. */

function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** 2048 bits, odd, without a small factor, and a power of 65537 modulo the first 39 primes. */
export function rocaModulus(): bigint {
  const m = [2, ...oddPrimes(167)].reduce((product, prime) => product * BigInt(prime), 1n);
  return powerModulo(65537n, 123456789n, m) + m * ((1n << 2047n) / m + 1n);
}

/** The smallest odd number above `from` that has no prime factor up to 751. */
export function withoutSmallFactor(from: bigint): bigint {
  const primes = oddPrimes(751).map(BigInt);
  for (let n = from | 1n; ; n += 2n) if (primes.every((prime) => n % prime !== 0n)) return n;
}

/** A number of 2048 bits that looks like any other. */
const scrambled = () => BigInt(`0x${'c0ffee1234567890'.repeat(32)}`);

export function dividedByThree(): bigint {
  let n = scrambled() | 1n;
  while (n % 3n !== 0n) n += 2n;
  return n;
}

/** (a + b)(a - b) such that Fermat's method finds it in exactly `round` rounds. */
export function closeIn(round: number, bits = 2048): bigint {
  const a = withoutSmallFactor(3n << BigInt(bits / 2 - 2));
  // √(a² - b²) ≈ a - b²/2a: that must lie between a - round and a - round + 1.
  let b = squareRoot(a * BigInt(2 * round - 1));
  const primes = oddPrimes(751).map(BigInt);
  while (b % 2n !== 0n || primes.some((p) => (a + b) % p === 0n || (a - b) % p === 0n)) b += 1n;
  return (a + b) * (a - b);
}

export const closePrimes = (): bigint => closeIn(3);

export function perfectPower(k: number, bits = 2048): bigint {
  const root = squareRoot(1n << 60n);
  const size = BigInt(Math.floor(bits / k) - 1);
  return withoutSmallFactor((1n << size) + root) ** BigInt(k);
}

export const perfectSquare = (): bigint => withoutSmallFactor(3n << 1022n) ** 2n;
