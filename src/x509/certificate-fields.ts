import type { Der } from './algorithms.ts';
import { CertificateError, inField } from './certificate-error.ts';
import { oidText } from './der/oid.ts';
import type { DerReader } from './der/reader.ts';
import { contextConstructed, tag } from './der/tags.ts';
import { readTime } from './validity-time.ts';

export interface Extension {
  /** Dotted object identifier. */
  readonly id: string;
  readonly critical: boolean;
  /** What the OCTET STRING holds. */
  readonly value: Uint8Array;
}

/** The fields of a TBSCertificate (RFC 5280 §4.1.2) as views into the bytes read; names and key not yet looked into. */
export interface CertificateFields {
  /** Content octets of the INTEGER: positive, at most 20. */
  readonly serial: Uint8Array;
  /** The whole AlgorithmIdentifier. */
  readonly signature: Der;
  readonly issuer: Der;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: Der;
  readonly spki: Der;
  readonly extensions: readonly Extension[];
}

/** More than any real certificate has. */
const maxExtensions = 40;

/**
 * Reads one TBSCertificate: version 3 only, no unique identifiers, no extension twice. Throws CertificateError with
 * the field.
 */
export function readCertificateFields(reader: DerReader): CertificateFields {
  let field = 'tbsCertificate';
  try {
    const tbs = reader.sequence();
    field = 'version';
    readVersion(tbs);
    field = 'serialNumber';
    const serial = readSerial(tbs);
    field = 'signature';
    const signature = wholeSequence(tbs);
    field = 'issuer';
    const issuer = wholeSequence(tbs);
    field = 'validity';
    const validity = tbs.sequence();
    const notBefore = readTime(validity);
    const notAfter = readTime(validity);
    validity.finish();
    if (notBefore > notAfter) throw new CertificateError(field, 'it ends before it begins');
    field = 'subject';
    const subject = wholeSequence(tbs);
    field = 'subjectPublicKeyInfo';
    const spki = wholeSequence(tbs);
    field = 'extensions';
    const extensions = tbs.more ? readExtensions(tbs) : [];
    tbs.finish();
    return { serial, signature, issuer, notBefore, notAfter, subject, spki, extensions };
  } catch (thrown) {
    throw inField(field, thrown);
  }
}

function wholeSequence(reader: DerReader): Der {
  if (reader.next !== tag.sequence) reader.fail('expected a SEQUENCE');
  return reader.element();
}

function readVersion(tbs: DerReader): void {
  if (tbs.next !== contextConstructed(0)) throw new CertificateError('version', 'it must be 3, and is 1');
  const version = tbs.enter(contextConstructed(0));
  const number = version.smallInteger();
  version.finish();
  if (number !== 2) throw new CertificateError('version', `it must be 3, and is ${number + 1}`);
}

function readSerial(tbs: DerReader): Uint8Array {
  const serial = tbs.integer();
  const first = serial[0] ?? 0;
  if (serial.length > 20) throw new CertificateError('serialNumber', 'it is longer than 20 octets');
  if (first >= 0x80) throw new CertificateError('serialNumber', 'it is negative');
  if (serial.length === 1 && first === 0) throw new CertificateError('serialNumber', 'it is zero');
  return serial;
}

function readExtensions(tbs: DerReader): Extension[] {
  const wrapper = tbs.enter(contextConstructed(3));
  const list = wrapper.sequence();
  wrapper.finish();
  if (!list.more) throw new CertificateError('extensions', 'the list is empty');
  const extensions: Extension[] = [];
  while (list.more) {
    const extension = readExtension(list);
    for (const other of extensions) {
      if (other.id === extension.id) throw new CertificateError('extensions', `${extension.id} stands there twice`);
    }
    if (extensions.length === maxExtensions) throw new CertificateError('extensions', `more than ${maxExtensions}`);
    extensions.push(extension);
  }
  return extensions;
}

/** The next element of a list, an Extension. Throws DerError and CertificateError. */
export function readExtension(list: DerReader): Extension {
  const extension = list.sequence();
  const id = extensionId(extension.oid());
  const critical = extension.next === tag.boolean && readCritical(extension);
  const value = extension.octetString();
  extension.finish();
  return { id, critical, value };
}

/** FALSE is the DEFAULT, and DER leaves defaults out (X.690 §11.5). */
function readCritical(extension: DerReader): true {
  if (!extension.boolean()) throw new CertificateError('extensions', 'critical FALSE is written out');
  return true;
}

/** id-ce, the arc of the standard extensions: built without a big-number walk, since every certificate has them. */
function extensionId(content: Uint8Array): string {
  const last = content[2] ?? 0x80;
  return content.length === 3 && content[0] === 0x55 && content[1] === 0x1d && last < 0x80
    ? `2.5.29.${last}`
    : oidText(content);
}
