import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { checkEdwardsPoint } from '#x509/keys/edwards-point.ts';
import { ed25519Key, spkiOf } from '../csr/build.ts';

/** RFC 8032 §5.1: the curve -x² + y² = 1 + d·x²·y² over the integers modulo p. */
const p = 2n ** 255n - 19n;
const modulo = (n: bigint) => ((n % p) + p) % p;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = modulo(base), rest = exponent; rest > 0n; rest >>= 1n, square = modulo(square * square)) {
    if (rest & 1n) result = modulo(result * square);
  }
  return result;
}

const inverse = (n: bigint) => power(n, p - 2n);
const d = modulo(-121665n * inverse(121666n));

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

function add(a: Point, b: Point): Point {
  const t = modulo(d * a.x * b.x * a.y * b.y);
  return {
    x: modulo((a.x * b.y + a.y * b.x) * inverse(1n + t)),
    y: modulo((a.y * b.y + a.x * b.x) * inverse(1n - t)),
  };
}

/** A point with this y, or undefined where there is none. */
function decompress(y: bigint): Point | undefined {
  const square = modulo((y * y - 1n) * inverse(d * y * y + 1n));
  let x = power(square, (p + 3n) / 8n);
  if (modulo(x * x) !== square) x = modulo(x * power(2n, (p - 1n) / 4n));
  return modulo(x * x) === square ? { x, y } : undefined;
}

const littleEndian = (y: bigint) => Uint8Array.from(Buffer.from(y.toString(16).padStart(64, '0'), 'hex')).reverse();

function isRefused(key: Uint8Array): boolean {
  try {
    checkEdwardsPoint(key);
    return false;
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code === 'key.weak.point') return true;
    throw thrown;
  }
}

/** All eight points of the subgroup of order 8, from one of order 8: y² = (√(1 + d) - 1) / d solves it. */
function torsion(): readonly Point[] {
  const order = (point: Point) => {
    let count = 1;
    for (let sum = point; sum.x !== 0n || sum.y !== 1n; sum = add(sum, point)) if (++count > 8) return 0;
    return count;
  };
  const l = 2n ** 252n + 27742317777372353535851937790883648493n;
  const times = (point: Point, n: bigint) => {
    let result: Point = { x: 0n, y: 1n };
    for (let square = point, rest = n; rest > 0n; rest >>= 1n, square = add(square, square)) {
      if (rest & 1n) result = add(result, square);
    }
    return result;
  };
  // Any point times the order of the large subgroup falls into the small one; some point falls on a generator of it.
  for (let y = 2n; ; y++) {
    const point = decompress(y);
    const small = point && times(point, l);
    if (small && order(small) === 8) return Array.from({ length: 8 }, (_, i) => times(small, BigInt(i)));
  }
}

describe('an Ed25519 key', () => {
  it('of small order is refused: all eight points, with either sign of x', () => {
    const points = torsion();
    expect(new Set(points.map(({ x, y }) => `${x},${y}`)).size).toBe(8);
    for (const { y } of points) {
      const encoded = littleEndian(y);
      expect(isRefused(encoded)).toBe(true);
      expect(isRefused(encoded.with(31, (encoded[31] ?? 0) | 0x80))).toBe(true);
    }
  });

  it('whose y is not below p is refused', () => {
    for (let y = p; y < 2n ** 255n; y++) expect(isRefused(littleEndian(y))).toBe(true);
  });

  it('that OpenSSL makes is taken', () => {
    for (let i = 0; i < 50; i++) expect(isRefused(spkiOf(ed25519Key()).subarray(12))).toBe(false);
  });

  it('just below p that is not of small order is taken', () => {
    expect(isRefused(littleEndian(p - 2n))).toBe(false);
  });
});
