import { grouped, oddPrimes } from './primes.ts';

/**
 * CVE-2017-15361: Infineon's primes are k·M + (65537^a mod M) for a primorial M, so that the modulus is a power of
 * 65537 modulo every small prime. Modulo most primes everything is such a power; these 17 tell apart.
 */
const telling = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const generator = 65537;

/** Powers of the generator modulo `prime`: `exponents[residue]`, or -1 where the residue is no power of it. */
function powersModulo(prime: number): {
  readonly prime: number;
  readonly exponents: Int16Array;
  readonly order: number;
} {
  const exponents = new Int16Array(prime).fill(-1);
  let power = 1;
  let order = 0;
  while (exponents[power] === -1) {
    exponents[power] = order++;
    power = (power * generator) % prime;
  }
  return { prime, exponents, order };
}

const powers = new Map(oddPrimes(167).map((prime) => [prime, powersModulo(prime)]));
const groups = grouped(telling);

/** One in 2^28 sound moduli passes the quick test by chance; the discrete logarithm then clears nearly all of these. */
export function hasRocaFingerprint(n: bigint): boolean {
  for (const { product, primes } of groups) {
    const rest = Number(n % product);
    for (const prime of primes) if (powers.get(prime)?.exponents[rest % prime] === -1) return false;
  }
  return hasCommonExponent(n);
}

/**
 * Whether one c has n ≡ 65537^c modulo all the primes at once, that is modulo their product: the exponents modulo
 * each prime's order must agree (Chinese remainders with moduli that share factors).
 */
function hasCommonExponent(n: bigint): boolean {
  let exponent = 0n;
  let modulus = 1n;
  for (const { prime, exponents, order } of powers.values()) {
    const wanted = exponents[Number(n % BigInt(prime))] ?? -1;
    if (wanted < 0) return false;
    const step = modulus;
    let tries = 0;
    while (Number(exponent % BigInt(order)) !== wanted) {
      if (++tries > order) return false;
      exponent += step;
    }
    modulus = lcm(modulus, BigInt(order));
    exponent %= modulus;
  }
  return true;
}

function lcm(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}
