import { hash } from 'node:crypto';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { ecdsaRawToDer } from '#x509/signature.ts';
import { KeyStoreError } from '../key-store-error.ts';

/** How a token makes one kind of signature (PKCS#11 v3.1 §6). */
export interface SigningMechanism {
  /** CK_MECHANISM_TYPE. */
  readonly type: number;
  /** What is handed to C_Sign. */
  input(tbs: Uint8Array): Uint8Array;
  /** What C_Sign gave back, as the octets of an X.509 signature. */
  output(signature: Uint8Array): Uint8Array;
}

const unchanged = (octets: Uint8Array) => octets;

/** CKM_ECDSA over a hash of our own: few tokens have CKM_ECDSA_SHA*, and SoftHSM 2.6 has none. */
const ecdsa = (digest: 'sha256' | 'sha384' | 'sha512'): SigningMechanism => ({
  type: 0x1041,
  input: (tbs) => hash(digest, tbs, 'buffer'),
  output: ecdsaRawToDer,
});

/** CKM_SHA*_RSA_PKCS: the token hashes and builds the DigestInfo itself. */
const rsa = (type: number): SigningMechanism => ({ type, input: unchanged, output: unchanged });

const mechanisms: Partial<Record<SignatureAlgorithm, SigningMechanism>> = {
  'ecdsa-sha256': ecdsa('sha256'),
  'ecdsa-sha384': ecdsa('sha384'),
  'ecdsa-sha512': ecdsa('sha512'),
  'rsa-sha256': rsa(0x40),
  'rsa-sha384': rsa(0x41),
  'rsa-sha512': rsa(0x42),
  ed25519: { type: 0x1057, input: unchanged, output: unchanged },
};

/** Throws KeyStoreError `mechanism` for an algorithm that PKCS#11 modules do not have yet. */
export function signingMechanism(algorithm: SignatureAlgorithm): SigningMechanism {
  const mechanism = mechanisms[algorithm];
  if (mechanism === undefined) {
    throw new KeyStoreError(
      'mechanism',
      `${algorithm} keys cannot live in a PKCS#11 token yet; use ECDSA, RSA or Ed25519`,
    );
  }
  return mechanism;
}
