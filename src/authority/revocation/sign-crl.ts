import type { Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import { compareReleasedCrl, lintCrlTbs } from '#x509/lint-crl.ts';
import { type CrlTerms, crlTbs, type RevokedEntry } from '#x509/profile/revocation-list.ts';
import type { RevocationReason } from '#x509/revocation-reason.ts';
import { assembleSigned } from '#x509/signed.ts';

export interface CrlSigner {
  /** The issuer, as a complaint names it. */
  readonly name: string;
  readonly signer: Signer;
  /** With the issuer's public key. */
  readonly verify: (tbs: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}

/**
 * A CRL of these terms: its final bytes are linted, signed, verified and read back. Throws RangeError that names the
 * term, Refusal `signer.bad-signature` or `profile.lint`, and whatever the signer rejects with.
 */
export async function signCrl(terms: CrlTerms, { name, signer, verify }: CrlSigner): Promise<Der> {
  const { algorithm } = signer;
  const tbs = crlTbs(terms, algorithm);
  lintCrlTbs(tbs, terms, algorithm);
  const signature = await signer.sign(tbs);
  if (!(await verify(tbs, signature)))
    throw new Refusal('signer.bad-signature', `the signature by issuer ${name} on its CRL does not verify`);
  const der = assembleSigned(tbs, algorithm, signature);
  compareReleasedCrl(der, tbs, terms, algorithm);
  return der;
}

/** Seconds that thisUpdate of a CRL or an OCSP answer lies before its making: clocks of those who verify may be behind. */
export const statusBackdate = 300;

/** What a CRL lists, as `CrlTerms` has it; serials in hexadecimal. */
export const revokedEntries = (
  revoked: readonly { readonly serial: string; readonly revokedAt: number; readonly reason: RevocationReason }[],
): RevokedEntry[] =>
  revoked.map(({ serial, revokedAt, reason }) => ({ serial: Buffer.from(serial, 'hex'), revokedAt, reason }));

/** A cRLNumber as `CrlTerms` has it. */
export function crlNumberOctets(number: number): Uint8Array {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}
