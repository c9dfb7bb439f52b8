/** ⌊√n⌋ of n ≥ 0: Newton's method whose precision doubles with each step, so that only the last ones are dear. */
export function squareRoot(n: bigint): bigint {
  if (n === 0n) return 0n;
  const c = (bitLength(n) - 1) >> 1;
  let a = 1n;
  let d = 0;
  for (let s = 31 - Math.clz32(c); s >= 0; s--) {
    const e = d;
    d = c >> s;
    a = (a << BigInt(d - e - 1)) + (n >> BigInt(2 * c - e - d + 1)) / a;
  }
  return a * a > n ? a - 1n : a;
}

/** ⌊n^(1/k)⌋ for n ≥ 1, k ≥ 2; bisection, for the cold path. */
export function root(n: bigint, k: number): bigint {
  let low = 1n;
  let high = 1n << BigInt(Math.ceil(bitLength(n) / k));
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** BigInt(k) <= n) low = middle;
    else high = middle - 1n;
  }
  return low;
}

export function bitLength(n: bigint): number {
  const hex = n.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) + 28;
}
