import { X509Certificate } from 'node:crypto';
import type { Find } from './recognise.ts';

/** Which find of the same file signed a certificate: its index, `self`, or undefined when none did. */
export type SignedBy = number | 'self' | undefined;

/** For every find, who signed it; signatures are checked, names alone prove nothing. */
export function signersOf(finds: readonly Find[]): readonly SignedBy[] {
  const certificates = finds.map((find) => (find.kind === 'certificate' ? tryCertificate(find.der) : undefined));
  return certificates.map((certificate, i) => {
    if (certificate === undefined) return undefined;
    if (signs(certificate, certificate)) return 'self';
    const signer = certificates.findIndex((other, j) => j !== i && other !== undefined && signs(other, certificate));
    return signer < 0 ? undefined : signer;
  });
}

function signs(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function tryCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    // Whoever shows this find says why it cannot be read.
    return undefined;
  }
}
