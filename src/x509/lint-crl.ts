import { algorithmIdentifier } from './algorithm-identifiers.ts';
import type { SignatureAlgorithm } from './algorithms.ts';
import { type CrlFields, readCrlFields } from './chain/crl.ts';
import { DerReader, sameBytes } from './der/reader.ts';
import { differs, reading } from './lint-finding.ts';
import type { CrlTerms, RevokedEntry } from './profile/revocation-list.ts';

/**
 * Reads the final to-be-signed bytes of a CRL back and holds every field against its terms: nothing missing, nothing more,
 * nothing else. Shares no code with what wrote them. Goes through `terms.revoked` once. Throws Refusal `profile.lint` that
 * names the field.
 */
export function lintCrlTbs(tbs: Uint8Array, terms: CrlTerms, algorithm: SignatureAlgorithm): void {
  reading(() => {
    const reader = DerReader.over(tbs);
    lintFields(readCrlFields(reader), terms, algorithm);
    reader.finish();
  }, 'CRL');
}

/**
 * The finished CRL before release: its inside is `tbs` and still what its terms say, its outer AlgorithmIdentifier is the
 * inner one, its signature is a whole number of octets. Whether the signature is right is for the caller to verify. Goes
 * through `terms.revoked` once. Throws Refusal `profile.lint`.
 */
export function compareReleasedCrl(
  crl: Uint8Array,
  tbs: Uint8Array,
  terms: CrlTerms,
  algorithm: SignatureAlgorithm,
): void {
  reading(() => {
    const outer = DerReader.over(crl);
    const signed = outer.sequence();
    outer.finish();
    const inside = signed.element();
    if (!sameBytes(inside, tbs)) differs('tbsCertList', 'CRL');
    lintCrlTbs(inside, terms, algorithm);
    if (!sameBytes(signed.element(), algorithmIdentifier(algorithm))) differs('signatureAlgorithm', 'CRL');
    if (signed.bitOctets().length === 0) differs('signatureValue', 'CRL');
    signed.finish();
  }, 'CRL');
}

function lintFields(fields: CrlFields, terms: CrlTerms, algorithm: SignatureAlgorithm): void {
  const { issuer } = terms;
  if (!sameBytes(fields.signatureIdentifier, algorithmIdentifier(algorithm))) differs('signature', 'CRL');
  if (!sameBytes(fields.issuer, issuer.name)) differs('issuer', 'CRL');
  if (fields.thisUpdate !== terms.thisUpdate) differs('thisUpdate', 'CRL');
  if (fields.nextUpdate !== terms.nextUpdate) differs('nextUpdate', 'CRL');
  lintRevoked(fields.revoked, terms.revoked);
  if (fields.extensions.join(' ') !== '2.5.29.35 2.5.29.20') differs('crlExtensions', 'CRL');
  const { keyId, namesIssuer } = fields.authorityKeyId ?? {};
  if (keyId === undefined || namesIssuer || !sameBytes(keyId, issuer.keyId)) differs('authorityKeyIdentifier', 'CRL');
  if (integerText(fields.number) !== integerText(terms.number)) differs('cRLNumber', 'CRL');
}

/** Each once, by rising serial, a reason where there is one to tell and then nothing else. */
function lintRevoked(found: CrlFields['revoked'], revoked: Iterable<RevokedEntry>): void {
  const wanted = new Map<string, RevokedEntry>();
  for (const entry of revoked) wanted.set(integerText(entry.serial), entry);
  let before = '';
  for (const [serial, { revokedAt, reason, extensions }] of found) {
    const rises = serial.length > before.length || (serial.length === before.length && serial > before);
    before = serial;
    const entry = wanted.get(serial);
    const told = entry?.reason === 'unspecified' ? undefined : entry?.reason;
    const isRight = revokedAt === entry?.revokedAt && reason === told && extensions === (told === undefined ? 0 : 1);
    if (!rises || !isRight) differs('revokedCertificates', 'CRL');
  }
  if (found.size !== wanted.size) differs('revokedCertificates', 'CRL');
}

/** Content octets of a non-negative INTEGER, in hex, from its magnitude or from themselves. */
function integerText(octets: Uint8Array): string {
  const digits = Buffer.from(octets)
    .toString('hex')
    .replace(/^(?:00)+(?=..)/, '');
  return digits >= '8' ? `00${digits}` : digits;
}
