import { grouped, oddPrimes } from './primes.ts';

/** CA/Browser Forum BR §6.1.6: no factor up to 751. */
const groups = grouped(oddPrimes(751));

/** The smallest odd prime up to 751 that divides n; undefined for none. */
export function findSmallFactor(n: bigint): number | undefined {
  for (const { product, primes } of groups) {
    const rest = Number(n % product);
    for (const prime of primes) if (rest % prime === 0) return prime;
  }
  return undefined;
}
