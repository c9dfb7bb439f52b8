import { hash } from 'node:crypto';
import { DerReader } from '../der/reader.ts';

/** Leftmost 160 bits of the SHA-256 of a key's bits: the BIT STRING's content (RFC 7093 §2 method 1). 20 octets. */
export function keyIdentifier(bits: Uint8Array): Uint8Array {
  return hash('sha256', bits, 'buffer').subarray(0, 20);
}

/** The same for a whole SubjectPublicKeyInfo. Throws DerError. */
export const subjectKeyIdentifier = (spki: Uint8Array): Uint8Array => keyIdentifier(keyBits(spki));

/** Content of the BIT STRING of a SubjectPublicKeyInfo, without its count of unused bits. Throws DerError. */
export function keyBits(spki: Uint8Array): Uint8Array {
  const fields = DerReader.over(spki).sequence();
  fields.element();
  return fields.bitOctets();
}
