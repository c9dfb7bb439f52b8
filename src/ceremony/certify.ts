import type { Clock, Entropy, Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { sameBytes } from '#x509/der/reader.ts';
import type { NameTerms } from '#x509/name.ts';
import { type CaTerms, caTbs } from '#x509/profile/ca-certificate.ts';
import { serialNumbers } from '#x509/profile/serial.ts';
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

/** Seconds that a CA certificate's notBefore lies before its making: clocks of those who verify may be behind. */
const backdate = 300;
/** First octet of every serial that a ceremony gives; servers have 41..7f. */
const ceremonyOctet = 0x40;

/** The bytes to be signed, final: serial and times are fixed here. Throws RangeError that names the term. */
export function draftAuthority(
  terms: AuthorityTerms,
  issuer: IssuingAuthority,
  { clock, entropy }: { readonly clock: Clock; readonly entropy: Entropy },
): Uint8Array {
  const now = Math.floor(clock.now() / 1000);
  const { certificate } = issuer;
  return caTbs(
    {
      subject: terms.subject,
      issuer: certificate === undefined ? 'self' : { name: certificate.subject, keyId: keyIdOf(certificate) },
      spki: terms.spki,
      serial: serialNumbers(entropy, ceremonyOctet)(),
      notBefore: Math.max(now - backdate, certificate?.notBefore ?? 0),
      notAfter: Math.min(now + terms.lifetime, certificate?.notAfter ?? Infinity),
      ...(terms.pathLength === undefined ? {} : { pathLength: terms.pathLength }),
      ...(terms.trustDomain === undefined ? {} : { trustDomain: terms.trustDomain }),
    },
    issuer.signer.algorithm,
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

/**
 * A new intermediate under a root that we hold, for a key that lives in memory only: draft, sign, verify, read back.
 * Whoever calls writes intent and outcome to the record.
 */
export async function certifyIntermediate(
  terms: AuthorityTerms,
  root: Required<IssuingAuthority>,
  sources: { readonly clock: Clock; readonly entropy: Entropy },
): Promise<Certificate> {
  if (!sameBytes(root.certificate.spki, root.signer.spki)) {
    throw new Refusal('issuer.unavailable', "the root's certificate is for another key than the one that is to sign");
  }
  return certify(draftAuthority(terms, root, sources), root.signer);
}
