import { root } from './roots.ts';

/**
 * Modulo a prime p ≡ 1 (mod k) only every k-th residue is a k-th power: one division by the product of a few such
 * primes clears all but one modulus in thousands.
 */
const exponents = [
  sieve(3, [7, 13, 19, 31, 37, 43, 61, 67]),
  sieve(5, [11, 31, 41, 61, 71, 101, 131]),
  sieve(7, [29, 43, 71, 113, 127, 197]),
];

function sieve(k: number, primes: readonly number[]) {
  const powers = primes.map((prime) => {
    const residues = new Uint8Array(prime);
    for (let i = 0; i < prime; i++) residues[Number(BigInt(i) ** BigInt(k) % BigInt(prime))] = 1;
    return { prime, residues };
  });
  return { k, powers, product: primes.reduce((product, prime) => product * BigInt(prime), 1n) };
}

/** Whether n is a cube, a fifth or a seventh power. Squares are round 0 of Fermat's method. */
export function isPerfectPower(n: bigint): boolean {
  for (const { k, powers, product } of exponents) {
    const rest = Number(n % product);
    if (powers.every(({ prime, residues }) => residues[rest % prime] === 1) && root(n, k) ** BigInt(k) === n)
      return true;
  }
  return false;
}
