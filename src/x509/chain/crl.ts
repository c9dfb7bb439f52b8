import { signatureAlgorithmAt } from '../algorithm-identifiers.ts';
import type { Der } from '../algorithms.ts';
import { CertificateError, inField } from '../certificate-error.ts';
import { type AuthorityKeyId, readAuthorityKeyId, whole } from '../certificate-extensions.ts';
import { oidText } from '../der/oid.ts';
import { DerReader, sameBytes } from '../der/reader.ts';
import { contextConstructed, tag } from '../der/tags.ts';
import { checkWellFormed } from '../der/well-formed.ts';
import { readName } from '../name.ts';
import { type RevocationReason, reasonOf } from '../revocation-reason.ts';
import { readTime } from '../validity-time.ts';
import type { Signed } from './signature-check.ts';

const reasonCode = '2.5.29.21';
const cRLNumber = '2.5.29.20';
const authorityKeyIdentifier = '2.5.29.35';
const names = new Map([
  [reasonCode, 'reasonCode'],
  [cRLNumber, 'cRLNumber'],
  [authorityKeyIdentifier, 'authorityKeyIdentifier'],
]);

/** TBSCertList of a full CRL for all certificates of one issuer (RFC 5280 §5.1.2). */
export interface CrlFields {
  /** The whole AlgorithmIdentifier. */
  readonly signatureIdentifier: Der;
  readonly issuer: Der;
  /** Seconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** By serial in hex, in the order of the list. */
  readonly revoked: ReadonlyMap<string, RevokedCertificate>;
  /** Content octets of the INTEGER: not negative, at most 20. */
  readonly number: Uint8Array;
  readonly authorityKeyId: AuthorityKeyId | undefined;
  /** Dotted object identifiers of all extensions, in order. */
  readonly extensions: readonly string[];
}

export interface RevokedCertificate {
  /** Seconds since the epoch. */
  readonly revokedAt: number;
  readonly reason: RevocationReason | undefined;
  /** How many extensions the entry has, the reason included. */
  readonly extensions: number;
}

export interface Crl extends Signed, CrlFields {}

/**
 * Reads a CRL: version 2, nextUpdate and a cRLNumber that is not critical, no critical extension at all (so no delta
 * and no partitioned list). Throws CertificateError with the field.
 */
export function readCrl(der: Uint8Array): Crl {
  try {
    const outer = DerReader.over(der);
    const signed = outer.sequence();
    outer.finish();
    const tbs = signed.element();
    const outside = signed.element();
    const signature = signed.bitOctets();
    signed.finish();

    const fields = readCrlFields(DerReader.over(tbs));
    const { signatureIdentifier } = fields;
    if (!sameBytes(signatureIdentifier, outside))
      throw new CertificateError('signature', 'it differs from signatureAlgorithm');
    return { ...fields, tbs, signature, signatureAlgorithm: signatureAlgorithmAt(signatureIdentifier) };
  } catch (thrown) {
    throw inField('certificateList', thrown);
  }
}

/** Reads one TBSCertList, as `readCrl` has it. Throws CertificateError with the field. */
export function readCrlFields(reader: DerReader): CrlFields {
  let field = 'tbsCertList';
  try {
    const tbs = reader.sequence();
    field = 'version';
    if (tbs.smallInteger() !== 1) tbs.fail('it must be 2');
    field = 'signature';
    const signatureIdentifier = tbs.element();
    readAlgorithm(DerReader.over(signatureIdentifier).sequence());
    field = 'issuer';
    if (tbs.next !== tag.sequence) tbs.fail('expected a Name');
    const issuer = tbs.element();
    readName(DerReader.over(issuer));
    field = 'thisUpdate';
    const thisUpdate = readTime(tbs);
    field = 'nextUpdate';
    const nextUpdate = readTime(tbs);
    field = 'revokedCertificates';
    const revoked = tbs.next === tag.sequence ? readRevoked(tbs.sequence()) : new Map<string, RevokedCertificate>();
    field = 'crlExtensions';
    const extensions = readExtensions(tbs);
    tbs.finish();
    return { signatureIdentifier, issuer, thisUpdate, nextUpdate, revoked, ...extensions };
  } catch (thrown) {
    throw inField(field, thrown);
  }
}

/** Whatever it is: that it is none of ours is for who checks the signature. */
function readAlgorithm(identifier: DerReader): void {
  identifier.oid();
  checkWellFormed(identifier);
}

function readRevoked(list: DerReader): Map<string, RevokedCertificate> {
  if (!list.more) list.fail('an empty list must be left out');
  const revoked = new Map<string, RevokedCertificate>();
  while (list.more) {
    const entry = list.sequence();
    const serial = Buffer.from(entry.integer()).toString('hex');
    if (revoked.has(serial)) entry.fail(`serial ${serial} stands there twice`);
    const revokedAt = readTime(entry);
    const values = entry.more ? readNotCritical(entry.sequence()) : undefined;
    entry.finish();
    const reason = values?.get(reasonCode);
    revoked.set(serial, {
      revokedAt,
      reason: reason && readValue(reasonCode, reason, readReason),
      extensions: values?.size ?? 0,
    });
  }
  return revoked;
}

const readReason = (value: Uint8Array): RevocationReason =>
  whole(value, (reader) => {
    const number = reader.smallInteger(tag.enumerated);
    return reasonOf(number) ?? reader.fail(`reason ${number} stands in no full CRL`);
  });

function readExtensions(tbs: DerReader): Pick<CrlFields, 'number' | 'authorityKeyId' | 'extensions'> {
  const wrapper = tbs.more ? tbs.enter(contextConstructed(0)) : undefined;
  const values = wrapper === undefined ? new Map<string, Uint8Array>() : readNotCritical(wrapper.sequence());
  wrapper?.finish();
  const number = values.get(cRLNumber);
  if (number === undefined) throw new CertificateError('cRLNumber', 'it must be there (RFC 5280 §5.2.3)');
  const keyId = values.get(authorityKeyIdentifier);
  return {
    number: readValue(cRLNumber, number, readNumber),
    authorityKeyId: keyId && readValue(authorityKeyIdentifier, keyId, readAuthorityKeyId),
    extensions: [...values.keys()],
  };
}

const readNumber = (value: Uint8Array): Uint8Array =>
  whole(value, (reader) => {
    const number = reader.integer();
    if (number.length > 20 || (number[0] ?? 0) >= 0x80) reader.fail('it is negative or has more than 20 octets');
    return number;
  });

/** Values by identifier; none of those that we know may be critical, and no other critical one is known. */
function readNotCritical(list: DerReader): Map<string, Uint8Array> {
  if (!list.more) list.fail('an empty list of extensions');
  const values = new Map<string, Uint8Array>();
  while (list.more) {
    const extension = list.sequence();
    const id = oidText(extension.oid());
    if (extension.next === tag.boolean)
      throw new CertificateError(nameOf(id), extension.boolean() ? 'it is critical' : 'critical FALSE is written out');
    const value = extension.octetString();
    extension.finish();
    if (values.has(id)) throw new CertificateError(nameOf(id), 'it stands there twice');
    values.set(id, value);
  }
  return values;
}

function readValue<T>(id: string, value: Uint8Array, read: (value: Uint8Array) => T): T {
  try {
    return read(value);
  } catch (thrown) {
    throw inField(nameOf(id), thrown);
  }
}

const nameOf = (id: string) => names.get(id) ?? id;
