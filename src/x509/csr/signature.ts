import { Refusal } from '#refusal/refusal.ts';
import { type RunOn, verifySignature } from '../verify-signature.ts';
import type { ParsedCsr } from './parse.ts';

/** Proof that the asker holds the key (RFC 2986 §3). Rejects with Refusal `csr.signature`. */
export async function checkSignature(
  { key, signature, signedPart, signatureOctets }: ParsedCsr,
  on: RunOn,
): Promise<void> {
  if (await verifySignature(key.object, signature, signedPart, signatureOctets, on)) return;
  throw new Refusal('csr.signature', "the CSR's signature does not verify with the key inside it");
}
