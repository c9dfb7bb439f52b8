import { hash } from 'node:crypto';
import type { Certificate } from '#x509/certificate.ts';
import { nameText } from '#x509/name.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import type { PlannedRevocation } from './crl-plan.ts';
import type { CeremonyPlan, PlannedCertificate } from './plan.ts';
import type { CeremonyFact, CeremonyKey } from './ports.ts';

/** What a ceremony tells the log (audit contract §6.2, §6.3). A crash can make one be told twice, never not at all. */

const actor = ({ operators, approvers }: CeremonyPlan) => ({
  user: operators.join(', '),
  method: 'ceremony',
  approvers: [...approvers],
});

export function stepIntended(plan: CeremonyPlan, what: string): CeremonyFact {
  return { type: 'ceremony.step', outcome: 'success', message: `${plan.name}: ${what}`, actor: actor(plan) };
}

export function keyMade(plan: CeremonyPlan, key: CeremonyKey): CeremonyFact {
  return {
    type: 'key.generated',
    outcome: 'success',
    message: `${plan.name}: made the key ${key.label}`,
    actor: actor(plan),
    key: keyRecord(key),
  };
}

export function certificateMade(
  plan: CeremonyPlan,
  planned: PlannedCertificate,
  certificate: Certificate,
  key: CeremonyKey,
): CeremonyFact {
  return {
    type: 'ceremony.step',
    outcome: 'success',
    message: `${plan.name}: signed the certificate of ${planned.label}`,
    actor: actor(plan),
    key: keyRecord(key),
    certificate: certificateRecord(certificate),
    certificateDer: Buffer.from(certificate.der).toString('base64'),
  };
}

export function chainInstalled(plan: CeremonyPlan, certificate: Certificate, key: CeremonyKey): CeremonyFact {
  return {
    type: 'issuer.installed',
    outcome: 'success',
    message: `${plan.name}: installed the chain of ${key.label}`,
    actor: actor(plan),
    key: keyRecord(key),
    certificate: certificateRecord(certificate),
    certificateDer: Buffer.from(certificate.der).toString('base64'),
  };
}

/** As a server's own revocations are told: it reads them back, and certifies a key no more that was compromised. */
export function certificateRevoked(
  plan: CeremonyPlan,
  { serial, reason, revokedAt, notAfter, spkiSha256 }: PlannedRevocation,
  root: CeremonyKey,
): CeremonyFact {
  return {
    type: 'certificate.revoked',
    outcome: 'success',
    message: `${plan.name}: revoked a certificate of ${root.label}`,
    actor: actor(plan),
    certificate: {
      issuer: { keyId: keyIdOf(root) },
      key: spkiSha256 === undefined ? undefined : { spkiSha256 },
      notAfter: notAfter === undefined ? undefined : new Date(notAfter * 1000).toISOString(),
      serial,
    },
    revocation: {
      effective: new Date(revokedAt * 1000).toISOString(),
      reason,
      requestedBy: plan.operators.join(', '),
    },
  };
}

export function crlPublished(
  plan: CeremonyPlan,
  crl: { readonly der: Uint8Array; readonly number: number; readonly size: number },
  root: CeremonyKey,
  certificate: Certificate,
): CeremonyFact {
  return {
    type: 'crl.published',
    outcome: 'success',
    message: `${plan.name}: signed CRL ${crl.number} of ${root.label}`,
    actor: actor(plan),
    key: keyRecord(root),
    certificate: {
      issuer: {
        certSha256: hash('sha256', certificate.der),
        keyId: keyIdOf(root),
        name: nameText(certificate.subject),
      },
    },
    change: { afterSha256: hash('sha256', crl.der), kind: 'crl', size: crl.size },
    revocation: { crlNumber: crl.number },
  };
}

const keyIdOf = ({ signer }: CeremonyKey) => Buffer.from(subjectKeyIdentifier(signer.spki)).toString('hex');

export function keyFacts({ signer, token, attributes }: CeremonyKey) {
  return {
    spkiSha256: hash('sha256', signer.spki),
    ...(token && { token: { ...token } }),
    ...(attributes && { attributes: { ...attributes } }),
  };
}

function keyRecord(key: CeremonyKey) {
  return {
    label: key.label,
    keyId: keyIdOf(key),
    algorithm: key.kind,
    ...keyFacts(key),
  };
}

function certificateRecord(certificate: Certificate) {
  return {
    serial: Buffer.from(certificate.serial).toString('hex'),
    sha256: hash('sha256', certificate.der),
    tbsSha256: hash('sha256', certificate.tbs),
    issuer: { name: nameText(certificate.issuer) },
    subject: nameText(certificate.subject),
    notBefore: new Date(certificate.notBefore * 1000).toISOString(),
    notAfter: new Date(certificate.notAfter * 1000).toISOString(),
    signatureAlgorithm: certificate.signatureAlgorithm ?? 'unknown',
  };
}
