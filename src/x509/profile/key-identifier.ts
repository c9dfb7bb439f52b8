import { hash } from 'node:crypto';

/** Offset behind the header of the element at `at`. The input is DER already, so lengths are only followed. */
function contentOf(der: Uint8Array, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  let start = at + 2;
  let length = first;
  if (first & 0x80) {
    length = 0;
    for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (der[start++] ?? 0);
  }
  return { start, end: start + length };
}

/**
 * Leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 §2 method 1), without tag, length and the octet of
 * unused bits. `spki` is a checked SubjectPublicKeyInfo. 20 octets.
 */
export function subjectKeyIdentifier(spki: Uint8Array): Uint8Array {
  const algorithm = contentOf(spki, contentOf(spki, 0).start);
  const bits = contentOf(spki, algorithm.end);
  return hash('sha256', spki.subarray(bits.start + 1, bits.end), 'buffer').subarray(0, 20);
}
