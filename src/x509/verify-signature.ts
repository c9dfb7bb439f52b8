import { constants, createPublicKey, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';

/** Where a verification runs: `pool` leaves the event loop free; `loop` is for programs that have nothing else to do. */
export type RunOn = 'pool' | 'loop';

/** What `node:crypto` is told of each algorithm: its hash, and the kind of key that must be behind it. */
const schemes: Readonly<Record<SignatureAlgorithm, readonly [digest: string | null, keyType: string]>> = {
  'ecdsa-sha256': ['sha256', 'ec'],
  'ecdsa-sha384': ['sha384', 'ec'],
  'ecdsa-sha512': ['sha512', 'ec'],
  'rsa-sha256': ['sha256', 'rsa'],
  'rsa-sha384': ['sha384', 'rsa'],
  'rsa-sha512': ['sha512', 'rsa'],
  'rsa-pss-sha256': ['sha256', 'rsa'],
  'rsa-pss-sha384': ['sha384', 'rsa'],
  'rsa-pss-sha512': ['sha512', 'rsa'],
  ed25519: [null, 'ed25519'],
  'ml-dsa-44': [null, 'ml-dsa-44'],
  'ml-dsa-65': [null, 'ml-dsa-65'],
  'ml-dsa-87': [null, 'ml-dsa-87'],
};

/** MGF1 takes the hash of the signature where none is named, which is the one form that we read. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** First and third argument of `node:crypto`'s verify; ECDSA as DER, which is its default. */
function verifyWith(key: KeyObject, algorithm: SignatureAlgorithm): [string | null, KeyObject | VerifyKeyObjectInput] {
  return [schemes[algorithm][0], algorithm.startsWith('rsa-pss-') ? { key, ...pss } : key];
}

/** Whether the key is of the kind that the algorithm needs. */
export function fitsAlgorithm(key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  return key.asymmetricKeyType === schemes[algorithm][1];
}

/** `verifySignature` for cold paths: synchronous. */
export function verifySignatureSync(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  tbs: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!fitsAlgorithm(key, algorithm)) return false;
  const [digest, input] = verifyWith(key, algorithm);
  return verify(digest, tbs, input, signature);
}

/** A SubjectPublicKeyInfo made ready for many verifications. Throws for one that OpenSSL does not read. */
export function importSpki(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}

/**
 * Whether `signature` (as in an X.509 BIT STRING) is `algorithm`'s over `tbs` by that key. A key of another kind than
 * the algorithm's, and a signature that is not even well-formed, are simply false.
 */
export function verifySignature(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  tbs: Uint8Array,
  signature: Uint8Array,
  on: RunOn = 'pool',
): Promise<boolean> {
  if (!fitsAlgorithm(key, algorithm)) return Promise.resolve(false);
  if (on === 'loop') return Promise.resolve(verifySignatureHere(key, algorithm, tbs, signature));
  const [digest, input] = verifyWith(key, algorithm);
  return new Promise((resolve) => {
    verify(digest, tbs, input, signature, (error, ok) => resolve(error === null && ok));
  });
}

function verifySignatureHere(...signed: Parameters<typeof verifySignatureSync>): boolean {
  try {
    return verifySignatureSync(...signed);
  } catch {
    return false;
  }
}
