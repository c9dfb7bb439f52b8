import { verify } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '#refusal/refusal.ts';
import { verifyWith } from '../verify-signature.ts';
import type { ParsedCsr } from './parse.ts';

/** Where the signature is checked: `pool` leaves the event loop free, `loop` has the lower latency when idle. */
export type VerifyOn = 'pool' | 'loop';

const verifyOnPool = promisify(verify);

/** Proof that the asker holds the key (RFC 2986 §3). Throws Refusal `csr.signature`. */
export async function checkSignature(csr: ParsedCsr, on: VerifyOn): Promise<void> {
  const [digest, key] = verifyWith(csr.key.object, csr.signature);
  const valid =
    on === 'loop'
      ? verify(digest, csr.signedPart, key, csr.signatureOctets)
      : await verifyOnPool(digest, csr.signedPart, key, csr.signatureOctets);
  if (!valid) throw new Refusal('csr.signature', "the CSR's signature does not verify with the key inside it");
}
