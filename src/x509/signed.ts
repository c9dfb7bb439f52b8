import { algorithmIdentifier } from './algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from './algorithms.ts';
import { tag } from './der/tags.ts';
import { headerLength, writeHeader } from './der/writer.ts';

/**
 * SIGNED{…}: SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }, the outside of a certificate, a CSR and a CRL.
 * `signature` is what goes into the BIT STRING: ECDSA as DER, the others raw.
 */
export function assembleSigned(toBeSigned: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Der {
  const identifier = algorithmIdentifier(algorithm);
  const bits = signature.length + 1;
  const body = toBeSigned.length + identifier.length + headerLength(bits) + bits;
  const out = new Uint8Array(headerLength(body) + body);
  let at = writeHeader(out, 0, tag.sequence, body);
  out.set(toBeSigned, at);
  at += toBeSigned.length;
  out.set(identifier, at);
  at += identifier.length;
  at = writeHeader(out, at, tag.bitString, bits);
  out[at] = 0; // no unused bits
  out.set(signature, at + 1);
  return out as Der;
}
