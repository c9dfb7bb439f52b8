import { verify } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '#refusal/refusal.ts';
import type { SignatureAlgorithm } from '../algorithms.ts';
import type { ParsedCsr } from './parse.ts';

/** Where the signature is checked: `pool` leaves the event loop free, `loop` has the lower latency when idle. */
export type VerifyOn = 'pool' | 'loop';

const verifyOnPool = promisify(verify);

/** EdDSA and ML-DSA hash by themselves. */
const digests: Readonly<Record<SignatureAlgorithm, string | null>> = {
  'ecdsa-sha256': 'sha256',
  'ecdsa-sha384': 'sha384',
  'ecdsa-sha512': 'sha512',
  'rsa-sha256': 'sha256',
  'rsa-sha384': 'sha384',
  'rsa-sha512': 'sha512',
  ed25519: null,
  'ml-dsa-44': null,
  'ml-dsa-65': null,
  'ml-dsa-87': null,
};

/** Proof that the asker holds the key (RFC 2986 §3). Throws Refusal `csr.signature`. */
export async function checkSignature(csr: ParsedCsr, on: VerifyOn): Promise<void> {
  const digest = digests[csr.signature];
  const key = csr.key.object;
  const valid =
    on === 'loop'
      ? verify(digest, csr.signedPart, key, csr.signatureOctets)
      : await verifyOnPool(digest, csr.signedPart, key, csr.signatureOctets);
  if (!valid) throw new Refusal('csr.signature', "the CSR's signature does not verify with the key inside it");
}
