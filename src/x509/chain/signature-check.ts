import { Refusal } from '#refusal/refusal.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { readSpki } from '../keys/public-key.ts';
import { fitsAlgorithm, verifySignatureSync } from '../verify-signature.ts';

/** What `checkSignature` looks at: a certificate and a CRL both are. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signature: Uint8Array;
}

export type SignatureVerdict = 'good' | 'bad-signature' | 'algorithm' | 'key';

/**
 * Whether the key in `spki` made the signature. `algorithm`: not one of ours or not one for that key; `key`: a key in
 * no form that we take. Synchronous: chains are checked at import, not per request.
 */
export function checkSignature(signed: Signed, spki: Der): SignatureVerdict {
  const { signatureAlgorithm: algorithm } = signed;
  if (algorithm === undefined) return 'algorithm';
  try {
    const key = readSpki(spki).object;
    if (!fitsAlgorithm(key, algorithm)) return 'algorithm';
    return verifySignatureSync(key, algorithm, signed.tbs, signed.signature) ? 'good' : 'bad-signature';
  } catch (thrown) {
    if (thrown instanceof Refusal) return 'key';
    throw thrown;
  }
}
