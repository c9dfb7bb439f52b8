import { algorithmIdentifier } from '../algorithm-identifiers.ts';
import type { SignatureAlgorithm } from '../algorithms.ts';
import { DerReader, sameBytes } from '../der/reader.ts';
import { contextConstructed, tag } from '../der/tags.ts';
import { differs, reading } from '../lint-finding.ts';
import type { CertStatus, OcspTerms } from './response.ts';
import { type ResponseData, readResponseData } from './response-data.ts';

const what = 'OCSP response';
/** id-pkix-ocsp-basic. */
const basicResponse = Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1);

/**
 * Reads the final to-be-signed bytes of a response back and holds every field against its terms: nothing missing, nothing
 * more, nothing else. Shares no code with what wrote them. Throws Refusal `profile.lint` that names the field.
 */
export function lintOcspTbs(tbs: Uint8Array, terms: OcspTerms): void {
  reading(() => {
    const reader = DerReader.over(tbs);
    lintData(readResponseData(reader), terms);
    reader.finish();
  }, what);
}

/**
 * The finished response before release: successful, of the basic type, its inside is `tbs` and still what its terms say,
 * signed with that algorithm by a whole number of octets, without certificates. Whether the signature is right is for the
 * caller to verify. Throws Refusal `profile.lint`.
 */
export function compareReleasedOcsp(
  response: Uint8Array,
  tbs: Uint8Array,
  terms: OcspTerms,
  algorithm: SignatureAlgorithm,
): void {
  reading(() => {
    const outer = DerReader.over(response);
    const fields = outer.sequence();
    outer.finish();
    if (fields.smallInteger(tag.enumerated) !== 0) differs('responseStatus', what);
    const wrapper = fields.enter(contextConstructed(0));
    fields.finish();
    const bytes = wrapper.sequence();
    wrapper.finish();
    if (!sameBytes(bytes.oid(), basicResponse)) differs('responseType', what);
    const holder = bytes.wrapped();
    bytes.finish();
    const basic = holder.sequence();
    holder.finish();
    lintBasic(basic, tbs, terms, algorithm);
  }, what);
}

function lintBasic(basic: DerReader, tbs: Uint8Array, terms: OcspTerms, algorithm: SignatureAlgorithm): void {
  const inside = basic.element();
  if (!sameBytes(inside, tbs)) differs('tbsResponseData', what);
  lintOcspTbs(inside, terms);
  if (!sameBytes(basic.element(), algorithmIdentifier(algorithm))) differs('signatureAlgorithm', what);
  if (basic.bitOctets().length === 0) differs('signature', what);
  basic.finish();
}

function lintData(data: ResponseData, { keySha1, producedAt, statuses }: OcspTerms): void {
  if (!sameBytes(data.keySha1, keySha1)) differs('responderID', what);
  if (data.producedAt !== producedAt) differs('producedAt', what);
  if (data.responses.length !== statuses.length) differs('responses', what);
  for (const [at, terms] of statuses.entries()) {
    const found = data.responses[at];
    if (found === undefined || !sameBytes(found.certId, terms.certId)) differs('certID', what);
    if (!isStatus(found.status, terms.status)) differs('certStatus', what);
    if (found.thisUpdate !== terms.thisUpdate) differs('thisUpdate', what);
    if (found.nextUpdate !== terms.nextUpdate) differs('nextUpdate', what);
  }
}

/** An unspecified reason is not written. */
function isStatus(found: ResponseData['responses'][number]['status'], wanted: CertStatus): boolean {
  if (typeof found === 'string' || typeof wanted === 'string') return found === wanted;
  const reason = wanted.reason === 'unspecified' ? undefined : wanted.reason;
  return found.revokedAt === wanted.revokedAt && found.reason === reason;
}
