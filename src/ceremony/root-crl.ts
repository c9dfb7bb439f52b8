import { hash } from 'node:crypto';
import { serialOf } from '#authority/revocation/document.ts';
import { crlNumberOctets, revokedEntries, signCrl, statusBackdate } from '#authority/revocation/sign-crl.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { type Crl, readCrl, readCrlFields } from '#x509/chain/crl.ts';
import { DerReader, sameBytes } from '#x509/der/reader.ts';
import { type CrlTerms, crlTbs } from '#x509/profile/revocation-list.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import { fromBase64, type Made, toBase64 } from './authority-steps.ts';
import { CeremonyError } from './ceremony-error.ts';
import type { StepContext } from './context.ts';
import { type PlannedCrl, type PlannedRevocation, revocable } from './crl-plan.ts';
import { certificateRevoked, crlPublished, stepIntended } from './facts.ts';
import type { Journal } from './journal.ts';
import type { CeremonyKey } from './ports.ts';

export interface CertifiedRoot {
  readonly key: CeremonyKey;
  readonly certificate: Certificate;
}

/**
 * The CRL of a number, made once. The bytes to be signed are in the journal before the key signs them, and the log has
 * each revocation before anybody can have the CRL. A crash on the way leaves the same bytes to be signed again. Throws
 * CeremonyError `changed` for a number that does not rise, and for a revocation that is taken back.
 */
export async function ensureCrl(
  planned: PlannedCrl,
  root: CertifiedRoot,
  context: StepContext,
): Promise<[Uint8Array, Made]> {
  const { journal, record, plan } = context;
  const { label } = root.key;
  const { number } = planned;
  const termsSha256 = termsDigest(planned, root);
  const intent = journal.last('crl-intent', label);
  const begun = intent?.number === number ? intent : undefined;
  if (intent !== undefined && number < intent.number)
    throw changed(`CRL ${intent.number} of ${label} was made already; give this one number ${intent.number + 1}`);
  if (begun !== undefined && begun.terms !== termsSha256)
    throw changed(`CRL ${number} of ${label} was made by other terms; give this one number ${number + 1}`);
  const done = journal.last('crl', label);
  if (done?.number === number) return [fromBase64(done.der), 'found'];

  const before = done && readCrl(fromBase64(done.der));
  const revoked = planned.revoked.map((each) => ({ ...knownOf(each, journal), ...each }));
  if (before !== undefined) demandAll(before, revoked, label);
  const terms = termsOf(planned, root, begun === undefined ? freshTimes(planned, root, context) : timesIn(begun.tbs));
  const tbs = crlTbs(terms, root.key.signer.algorithm);
  if (begun === undefined) {
    await record(stepIntended(plan, `will sign CRL ${number} of ${label}, which lists ${revoked.length} certificates`));
    await journal.write({ step: 'crl-intent', label, number, terms: termsSha256, tbs: toBase64(tbs) });
  } else if (!sameBytes(tbs, fromBase64(begun.tbs))) {
    throw new CeremonyError('journal', `what the journal has of CRL ${number} of ${label} are not bytes of its terms`);
  }
  const { signer } = root.key;
  const key = importSpki(signer.spki);
  const verify = (bytes: Uint8Array, signature: Uint8Array) => verifySignature(key, signer.algorithm, bytes, signature);
  const der = await signCrl(terms, { name: label, signer, verify });
  for (const each of revoked) if (isNews(each, before)) await record(certificateRevoked(plan, each, root.key));
  await record(crlPublished(plan, { der, number, size: revoked.length }, root.key, root.certificate));
  await journal.write({ step: 'crl', label, number, sha256: hash('sha256', der), der: toBase64(der) });
  return [der, 'made'];
}

interface Times {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

function freshTimes({ lifetime }: PlannedCrl, { certificate }: CertifiedRoot, { clock }: StepContext): Times {
  const now = Math.floor(clock.now() / 1000);
  return {
    thisUpdate: Math.max(now - statusBackdate, certificate.notBefore),
    nextUpdate: Math.min(now + lifetime, certificate.notAfter),
  };
}

const timesIn = (tbs: string): Times => readCrlFields(DerReader.over(fromBase64(tbs)));

function termsOf({ number, revoked }: PlannedCrl, { certificate }: CertifiedRoot, times: Times): CrlTerms {
  const { subject, subjectKeyId } = certificate;
  if (subjectKeyId === undefined) throw new RangeError('the root has no subjectKeyIdentifier');
  return {
    issuer: { name: subject, keyId: subjectKeyId },
    number: crlNumberOctets(number),
    thisUpdate: times.thisUpdate,
    nextUpdate: times.nextUpdate,
    revoked: revokedEntries(revoked),
  };
}

function termsDigest({ lifetime, revoked }: PlannedCrl, { certificate }: CertifiedRoot): string {
  const rows = revoked.map(({ serial, reason, revokedAt }) => `${serial} ${reason} ${revokedAt}`).toSorted();
  return hash('sha256', JSON.stringify([hash('sha256', certificate.der), lifetime, rows]));
}

const bySerial = ({ revoked }: Crl) => new Map([...revoked].map(([serial, entry]) => [serialOf(serial), entry]));

/** Nobody may come to trust again what a CRL has listed: those who hold the older one would not (RFC 5280 §5.3.1). */
function demandAll(before: Crl, revoked: readonly PlannedRevocation[], label: string): void {
  const wanted = new Map(revoked.map((each) => [each.serial, each]));
  for (const [serial, { revokedAt }] of bySerial(before)) {
    const since = wanted.get(serial)?.revokedAt;
    if (since === undefined)
      throw changed(`the CRL of ${label} before this one lists ${serial}, and the file does not; revoked is for good`);
    if (since > revokedAt)
      throw changed(
        `${serial} is revoked since ${new Date(revokedAt * 1000).toISOString()} by the CRL before this one`,
      );
  }
}

function isNews({ serial, reason }: PlannedRevocation, before: Crl | undefined): boolean {
  const entry = before && bySerial(before).get(serial);
  return entry === undefined || (entry.reason ?? 'unspecified') !== reason;
}

/** What the journal knows of a certificate that the file names by its serial. */
function knownOf({ serial }: PlannedRevocation, { entries }: Journal) {
  for (const entry of entries) {
    if (entry.step !== 'certificate') continue;
    const known = revocable(readCertificate(fromBase64(entry.der)));
    if (known.serial === serial) return known;
  }
  return {};
}

const changed = (sentence: string) => new CeremonyError('changed', sentence);
