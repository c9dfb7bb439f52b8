import { signatureAlgorithmAt } from '../algorithm-identifiers.ts';
import type { Der } from '../algorithms.ts';
import { CertificateError, inField } from '../certificate-error.ts';
import { oidText } from '../der/oid.ts';
import { DerReader, sameBytes } from '../der/reader.ts';
import { contextConstructed, tag } from '../der/tags.ts';
import { readTime } from '../validity-time.ts';
import type { Signed } from './signature-check.ts';

const cRLNumber = '2.5.29.20';
const authorityKeyIdentifier = '2.5.29.35';

/** A full CRL for all certificates of one issuer (RFC 5280 §5). */
export interface Crl extends Signed {
  readonly issuer: Der;
  /** Seconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Serials in hex. */
  readonly revoked: ReadonlySet<string>;
}

/**
 * Reads a CRL: version 2, nextUpdate and a cRLNumber that is not critical, no critical extension at all (so no delta
 * and no partitioned list). Throws CertificateError with the field.
 */
export function readCrl(der: Uint8Array): Crl {
  let field = 'certificateList';
  try {
    const outer = DerReader.over(der);
    const signed = outer.sequence();
    outer.finish();
    const tbs = signed.element();
    const outside = signed.element();
    const signature = signed.bitOctets();
    signed.finish();

    const fields = DerReader.over(tbs).sequence();
    field = 'version';
    if (fields.smallInteger() !== 1) fields.fail('it must be 2');
    field = 'signature';
    const inside = fields.element();
    if (!sameBytes(inside, outside)) fields.fail('it differs from signatureAlgorithm');
    field = 'issuer';
    if (fields.next !== tag.sequence) fields.fail('expected a Name');
    const issuer = fields.element();
    field = 'thisUpdate';
    const thisUpdate = readTime(fields);
    field = 'nextUpdate';
    const nextUpdate = readTime(fields);
    field = 'revokedCertificates';
    const revoked = fields.next === tag.sequence ? readRevoked(fields.sequence()) : new Set<string>();
    field = 'crlExtensions';
    readExtensions(fields);
    fields.finish();
    return {
      tbs,
      signature,
      signatureAlgorithm: signatureAlgorithmAt(inside),
      issuer,
      thisUpdate,
      nextUpdate,
      revoked,
    };
  } catch (thrown) {
    throw inField(field, thrown);
  }
}

function readRevoked(list: DerReader): Set<string> {
  if (!list.more) list.fail('an empty list must be left out');
  const serials = new Set<string>();
  while (list.more) {
    const entry = list.sequence();
    serials.add(Buffer.from(entry.integer()).toString('hex'));
    readTime(entry);
    if (entry.more) refuseCritical(entry.sequence());
    entry.finish();
  }
  return serials;
}

function readExtensions(fields: DerReader): void {
  const missing = () => new CertificateError('cRLNumber', 'it must be there (RFC 5280 §5.2.3)');
  if (!fields.more) throw missing();
  const wrapper = fields.enter(contextConstructed(0));
  const ids = refuseCritical(wrapper.sequence());
  wrapper.finish();
  if (!ids.includes(cRLNumber)) throw missing();
}

/** Identifiers of the extensions; none of those that we know may be critical, and no other critical one is known. */
function refuseCritical(list: DerReader): string[] {
  const ids: string[] = [];
  while (list.more) {
    const extension = list.sequence();
    const id = oidText(extension.oid());
    if (extension.next === tag.boolean && extension.boolean()) throw new CertificateError(nameOf(id), 'it is critical');
    extension.octetString();
    extension.finish();
    if (ids.includes(id)) throw new CertificateError(nameOf(id), 'it stands there twice');
    ids.push(id);
  }
  return ids;
}

const nameOf = (id: string) =>
  id === cRLNumber ? 'cRLNumber' : id === authorityKeyIdentifier ? 'authorityKeyIdentifier' : id;
