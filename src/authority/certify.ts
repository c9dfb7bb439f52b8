import type { Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { sameBytes } from '#x509/der/reader.ts';
import type { NameTerms } from '#x509/name.ts';
import { type CaTerms, caTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';

/** A CA that signs: its key and its certificate. A root that is yet to be made has no certificate. */
export interface IssuingAuthority {
  readonly signer: Signer;
  readonly certificate?: Certificate;
}

export interface AuthorityTerms {
  readonly subject: NameTerms;
  /** Key that the certificate is for. */
  readonly spki: CaTerms['spki'];
  /** Seconds from now to notAfter; cut to the issuer's own end. */
  readonly lifetime: number;
  /** Absent in a root. */
  readonly pathLength?: number;
  /** Absent in a root. */
  readonly trustDomain?: string;
}

/**
 * Seconds that a CA certificate's notBefore lies before its making, in a ceremony as in a server: clocks of those who
 * verify may be behind. More than the two minutes of what it issues, which begins no earlier than its issuer.
 */
const backdate = 300;

/**
 * The bytes to be signed, final: serial and times are fixed here. `now` in seconds. Throws RangeError that names the
 * term, and Refusal `issuer.unavailable` for a key that is not the issuer's.
 */
export function draftAuthority(
  terms: AuthorityTerms,
  issuer: IssuingAuthority,
  { now, serial }: { readonly now: number; readonly serial: Uint8Array },
): Uint8Array {
  const { certificate, signer } = issuer;
  if (certificate !== undefined && !sameBytes(certificate.spki, signer.spki)) {
    throw new Refusal('issuer.unavailable', "the issuer's certificate is for another key than the one that is to sign");
  }
  return caTbs(
    {
      subject: terms.subject,
      issuer: certificate === undefined ? 'self' : { name: certificate.subject, keyId: keyIdOf(certificate) },
      spki: terms.spki,
      serial,
      notBefore: Math.max(now - backdate, certificate?.notBefore ?? 0),
      notAfter: Math.min(now + terms.lifetime, certificate?.notAfter ?? Infinity),
      ...(terms.pathLength === undefined ? {} : { pathLength: terms.pathLength }),
      ...(terms.trustDomain === undefined ? {} : { trustDomain: terms.trustDomain }),
    },
    signer.algorithm,
  );
}

/** The issuer's own subjectKeyIdentifier, copied: an enterprise root may have made it in another way than we do. */
function keyIdOf(issuer: Certificate): Uint8Array {
  if (issuer.subjectKeyId === undefined) throw new RangeError("the issuer's certificate has no subjectKeyIdentifier");
  return issuer.subjectKeyId;
}

/**
 * Signs, verifies the signature with the signer's public key, and reads the whole certificate back. Throws Refusal
 * `signer.bad-signature` where the key's signature is not one, and then nothing has left this function.
 */
export async function certify(tbs: Uint8Array, signer: Signer): Promise<Certificate> {
  const signature = await signer.sign(tbs);
  if (!(await verifySignature(importSpki(signer.spki), signer.algorithm, tbs, signature))) {
    throw new Refusal(
      'signer.bad-signature',
      'the key gave a signature that its own public key does not verify; look at the token',
    );
  }
  const certificate = readCertificate(assembleSigned(tbs, signer.algorithm, signature));
  if (!sameBytes(certificate.tbs, tbs) || certificate.signatureAlgorithm !== signer.algorithm) {
    throw new Refusal('profile.lint', 'the certificate that was made does not read back as what was to be signed');
  }
  return certificate;
}
