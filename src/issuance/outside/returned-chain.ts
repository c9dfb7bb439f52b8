import { profiles } from '#policy/approved.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { readCertificates } from '#x509/certificates.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { pathFaults } from '#x509/chain/path-rules.ts';
import { sameBytes } from '#x509/der/reader.ts';
import type { KeyStrength } from '#x509/keys/key-strength.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { PemError, readPem } from '#x509/pem.ts';
import { unfit } from './unfit.ts';

/** Certificates after the first; and characters of PEM in all, of which a chain of ML-DSA-87 needs half. */
const maxOthers = 11;
const maxLength = 128 * 1024;
const endLine = '-----END CERTIFICATE-----';

/** The chain as it came: its first block, and what follows it. */
export interface ReturnedChain {
  readonly first: Uint8Array;
  readonly rest: string;
}

/** Parts the first certificate from the rest: whatever else is wrong, that one exists. Throws Refusal `profile.lint`. */
export function splitChain(chain: string): ReturnedChain {
  if (chain.length > maxLength) unfit('chain', `it has ${chain.length} characters; ${maxLength} are the most`);
  const end = chain.indexOf(endLine);
  if (end < 0) unfit('chain', 'there is no certificate in it');
  const at = end + endLine.length;
  return { first: reading(() => readPem(chain.slice(0, at), ['CERTIFICATE'])), rest: chain.slice(at) };
}

/** Both throw Refusal `profile.lint`: strict DER to the leaves of every certificate. */
export const readFirst = ({ first }: ReturnedChain): Certificate => reading(() => readCertificate(first));

export function readRest({ rest }: ReturnedChain): readonly Certificate[] {
  if (rest.trim() === '') return [];
  return reading(() => readCertificates(rest, maxOthers));
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof PemError || thrown instanceof CertificateError)) throw thrown;
    return unfit('chain', `it cannot be read: ${thrown.message}`, thrown);
  }
}

export interface PathQuestion {
  readonly leaf: Certificate;
  /** What came with it, in any order; self-signed ones among them count for nothing. */
  readonly others: readonly Certificate[];
  readonly trusted: readonly Certificate[];
  readonly keyStrength: KeyStrength;
  readonly level?: string;
  readonly purposes: readonly ('serverAuth' | 'clientAuth')[];
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * The way from the leaf to a trusted root, leaf first and root last: signatures, dates and rights by RFC 5280 §6 for each
 * purpose, every CA key one of strength. Throws Refusal `profile.lint`, and `issuer.expired` for a leaf that would outlive a CA above it.
 */
export function demandPath(question: PathQuestion): readonly Certificate[] {
  const { leaf, others, trusted, now, purposes } = question;
  const [purpose = 'serverAuth', ...further] = purposes;
  const intermediates = others.filter(({ isSelfIssued }) => !isSelfIssued);
  const verdict = checkChain({ target: leaf, intermediates, roots: trusted, now, purpose });
  const faults = verdict.good
    ? further.flatMap((each) => pathFaults(verdict.path, { now, purpose: each }))
    : verdict.faults;
  if (!verdict.good || faults.length > 0) {
    unfit('chain', faults.map(({ certificate, sentence }) => `${certificate}: ${sentence}`).join('; '));
  }
  const [, ...above] = verdict.path;
  for (const [at, issuer] of above.entries()) demandLink(verdict.path[at] ?? leaf, issuer);
  for (const certificate of above) demandStrongKey(certificate, question.keyStrength);
  demandLevel(verdict.path, question.level);
  demandOutlived(leaf, above);
  return verdict.path;
}

/** RFC 5280 does not ask for it (§6.1), but OpenSSL and Envoy find no issuer where the two differ. */
function demandLink({ authorityKeyId, subjectText }: Certificate, { subjectKeyId }: Certificate): void {
  const wanted = authorityKeyId?.keyId;
  if (wanted === undefined || subjectKeyId === undefined || sameBytes(wanted, subjectKeyId)) return;
  unfit('chain', `${subjectText || 'the leaf'}: its authorityKeyIdentifier is not that of the CA that signed it`);
}

function demandStrongKey(certificate: Certificate, keyStrength: KeyStrength): void {
  try {
    keyStrength.check(readSpki(certificate.spki));
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    unfit('chain', `${certificate.subjectText}: ${thrown.message}`, thrown);
  }
}

/** What a decision asks of a signing issuer beforehand is seen here first. */
function demandLevel([leaf, issuer]: readonly Certificate[], level: string | undefined): void {
  const profile = Object.values(profiles).find(({ name }) => name === level);
  if (profile === undefined || leaf === undefined || issuer === undefined) return;
  const { kind } = readSpki(issuer.spki);
  if (!profile.keys.some((each) => each === kind)) {
    unfit('chain', `its issuer has a key of type ${kind}, which is not in profile ${profile.name}`);
  }
  if (!profile.signatures.some((each) => each === leaf.signatureAlgorithm)) {
    unfit('signature', `it is signed with ${leaf.signatureAlgorithm}, which is not in profile ${profile.name}`);
  }
}

function demandOutlived(leaf: Certificate, above: readonly Certificate[]): void {
  const first = above.find(({ notAfter }) => notAfter < leaf.notAfter);
  if (first === undefined) return;
  throw new Refusal(
    'issuer.expired',
    `the certificate that came back would outlive ${first.subjectText}, which issued it or stands above it; renew that CA`,
    { field: 'notAfter' },
  );
}
