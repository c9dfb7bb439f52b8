import type { Certificate } from '../certificate.ts';
import { sameBytes } from '../der/reader.ts';
import type { Crl } from './crl.ts';
import { type Fault, fault } from './fault.ts';
import { checkSignature } from './signature-check.ts';

/**
 * What the CRLs at hand say of `certificate` (RFC 5280 §6.3, full CRLs by the issuer itself). A CRL of another issuer
 * says nothing; one that cannot be believed is a fault, since it may hide a revocation.
 */
export function revocationFaults(
  certificate: Certificate,
  issuer: Certificate,
  crls: readonly Crl[],
  now: number,
): Fault[] {
  return crls
    .filter((crl) => sameBytes(crl.issuer, certificate.issuer))
    .flatMap((crl) => {
      const doubt = doubtAbout(crl, issuer, now);
      if (doubt !== undefined) return [fault('crl', issuer, doubt)];
      if (!crl.revoked.has(certificate.serialText)) return [];
      return [fault('revoked', certificate, 'it is on the CRL of its issuer')];
    });
}

function doubtAbout(crl: Crl, issuer: Certificate, now: number): string | undefined {
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.includes('cRLSign')) {
    return 'its keyUsage does not allow it to sign CRLs (RFC 5280 §6.3.3)';
  }
  if (now < crl.thisUpdate) return 'its CRL is from the future';
  if (now > crl.nextUpdate) return 'its CRL is past its nextUpdate';
  const verdict = checkSignature(crl, issuer.spki);
  return verdict === 'good' ? undefined : `the signature on its CRL is not good: ${verdict}`;
}
