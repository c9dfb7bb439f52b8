/** Odd primes up to and including `limit`. */
export function oddPrimes(limit: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate <= limit; candidate += 2) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

export interface PrimeGroup {
  readonly product: bigint;
  readonly primes: readonly number[];
}

/**
 * The primes in groups whose product stays below 2^52: one division of a large BigInt serves a whole group, and the
 * rest is arithmetic on Numbers. A gcd with the product of all would cost 50 times as much.
 */
export function grouped(primes: readonly number[]): readonly PrimeGroup[] {
  const groups: { product: bigint; primes: number[] }[] = [];
  for (const prime of primes) {
    const last = groups.at(-1);
    const product = (last?.product ?? 1n) * BigInt(prime);
    if (last === undefined || product >= 1n << 52n) groups.push({ product: BigInt(prime), primes: [prime] });
    else {
      last.product = product;
      last.primes.push(prime);
    }
  }
  return groups;
}
