import { crlNumberOctets, signCrl } from '#authority/revocation/sign-crl.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { readCertificate } from '#x509/certificate.ts';
import { toPem } from '#x509/pem.ts';
import type { RevokedEntry } from '#x509/profile/revocation-list.ts';
import type { TestAuthority } from './software-ca.ts';

export interface TestCrlTerms {
  readonly number?: number;
  /** Seconds since the epoch. */
  readonly thisUpdate?: number;
  readonly nextUpdate?: number;
  readonly revoked?: readonly RevokedEntry[];
}

/** PEM of a CRL by that CA, in force for a hundred days unless told. */
export async function testCrl({ key, certificate }: TestAuthority, terms: TestCrlTerms = {}): Promise<string> {
  const { subject, subjectKeyId = new Uint8Array() } = readCertificate(certificate);
  const now = Math.floor(Date.now() / 1000);
  const { number = 1, thisUpdate = now - 60, nextUpdate = now + 100 * 86_400, revoked = [] } = terms;
  const issuer = { name: subject, keyId: subjectKeyId };
  const signer = new SoftwareSigner(key);
  const der = await signCrl(
    { issuer, number: crlNumberOctets(number), thisUpdate, nextUpdate, revoked },
    { name: 'test', signer, verify: async () => true },
  );
  return toPem('X509 CRL', der);
}
