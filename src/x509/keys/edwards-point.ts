import { Refusal } from '#refusal/refusal.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** p = 2^255 - 19, little-endian. */
const p = hex(`ed${'ff'.repeat(30)}7f`);

/**
 * y of the points whose order divides 8, little-endian: under such a key one signature fits many messages. OpenSSL
 * imports all of them.
 */
const smallOrder = [
  hex('00'.repeat(32)),
  hex(`01${'00'.repeat(31)}`),
  hex(`ec${'ff'.repeat(30)}7f`),
  hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
];

/** An Ed25519 public key (RFC 8032 §5.1.3): y below p, and not of small order. Throws Refusal `key.weak.point`. */
export function checkEdwardsPoint(key: Uint8Array): void {
  if (compareY(key, p) >= 0) throw new Refusal('key.weak.point', 'the Ed25519 key is not in its canonical form');
  if (smallOrder.some((y) => compareY(key, y) === 0)) {
    throw new Refusal('key.weak.point', 'the Ed25519 key is a point of small order');
  }
}

/** Order of two little-endian y coordinates, the sign bit of x left aside. */
function compareY(a: Uint8Array, b: Uint8Array): number {
  for (let i = 31; i >= 0; i--) {
    const mask = i === 31 ? 0x7f : 0xff;
    const difference = ((a[i] ?? 0) & mask) - ((b[i] ?? 0) & mask);
    if (difference !== 0) return difference;
  }
  return 0;
}
