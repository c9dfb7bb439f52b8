import type { Der } from './algorithms.ts';

/** `raw[start, end)` as an unsigned big-endian number: first octet that counts, and whether a 00 must go before it. */
function minimal(raw: Uint8Array, start: number, end: number): { from: number; pad: 0 | 1 } {
  let from = start;
  while (from < end - 1 && raw[from] === 0) from++;
  return { from, pad: (raw[from] ?? 0) & 0x80 ? 1 : 0 };
}

/**
 * r||s of equal halves (PKCS#11 v3.1 §6.3.1, IEEE P1363) as Ecdsa-Sig-Value (RFC 3279 §2.2.3): minimal, positive
 * INTEGERs. Throws RangeError for a length that is not 2 × 32..66 octets and for r or s of zero.
 */
export function ecdsaRawToDer(raw: Uint8Array): Der {
  const half = raw.length / 2;
  if (!Number.isInteger(half) || half < 28 || half > 66) throw new RangeError(`r||s of ${raw.length} octets`);
  const r = minimal(raw, 0, half);
  const s = minimal(raw, half, raw.length);
  if (raw[r.from] === 0 || raw[s.from] === 0) throw new RangeError('r or s is zero');
  const rLength = half - r.from + r.pad;
  const sLength = raw.length - s.from + s.pad;
  const body = 4 + rLength + sLength;
  const long = body > 127 ? 1 : 0;
  const out = new Uint8Array(2 + long + body);
  out[0] = 0x30;
  if (long) out[1] = 0x81;
  out[1 + long] = body;
  writeInteger(out, 2 + long, raw.subarray(r.from, half), r.pad);
  writeInteger(out, 4 + long + rLength, raw.subarray(s.from), s.pad);
  return out as Der;
}

function writeInteger(out: Uint8Array, at: number, magnitude: Uint8Array, pad: 0 | 1): void {
  out[at] = 0x02;
  out[at + 1] = magnitude.length + pad;
  out.set(magnitude, at + 2 + pad);
}
