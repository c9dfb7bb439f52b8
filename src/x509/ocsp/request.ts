import { CertificateError } from '../certificate-error.ts';
import { type Extension, readExtension } from '../certificate-fields.ts';
import { readGeneralName } from '../certificate-names.ts';
import { DerError, DerReader, sameBytes } from '../der/reader.ts';
import { contextConstructed } from '../der/tags.ts';
import { checkWellFormed } from '../der/well-formed.ts';
import { octetString } from '../der/writer.ts';
import { type CertId, readCertId } from './cert-id.ts';

/** Octets; one question takes about a hundred, a signature with certificates some thousands. */
const maxRequestSize = 16_384;
/** RFC 5019 §2.1.1 has one; whoever asks for several has a few. An answer is hardly longer than its request. */
const maxCertIds = 16;
const maxExtensions = 16;

const nonce = '1.3.6.1.5.5.7.48.1.2';
/** RFC 9654 §2.1. */
const maxNonce = 128;

/** What is wrong with an OCSP request and in which field of RFC 6960 §4.1.1: the answer is malformedRequest. */
export class OcspRequestError extends Error {
  override readonly name = 'OcspRequestError';
  readonly field: string;

  constructor(field: string, what: string, options?: ErrorOptions) {
    super(`${field}: ${what}`, options);
    this.field = field;
  }
}

export interface OcspRequest {
  /** In the order they were asked; at least one. */
  readonly certIds: readonly CertId[];
}

/**
 * Reads an OCSPRequest (RFC 6960 §4.1): strict DER, version 1, no critical extension but a nonce. Who asks, a signature and
 * extensions are held to their form and otherwise passed over; so is a nonce, as RFC 5019 §4 allows to who answers many.
 * Throws OcspRequestError with the field.
 */
export function readOcspRequest(der: Uint8Array): OcspRequest {
  if (der.length > maxRequestSize) {
    throw new OcspRequestError('OCSPRequest', `it has ${der.length} octets; at most ${maxRequestSize} are read`);
  }
  let field = 'OCSPRequest';
  try {
    const outer = DerReader.over(der);
    const request = outer.sequence();
    outer.finish();
    field = 'tbsRequest';
    const tbs = request.sequence();
    field = 'version';
    if (tbs.next === contextConstructed(0)) tbs.fail('it must be 1, which is not written');
    field = 'requestorName';
    if (tbs.next === contextConstructed(1)) readRequestor(tbs.enter(contextConstructed(1)));
    field = 'requestList';
    const certIds = readRequests(tbs.sequence());
    field = 'requestExtensions';
    if (tbs.next === contextConstructed(2)) readExtensions(tbs.enter(contextConstructed(2)), [nonce]);
    tbs.finish();
    field = 'optionalSignature';
    if (request.next === contextConstructed(0)) readSignature(request.enter(contextConstructed(0)));
    request.finish();
    field = 'OCSPRequest';
    checkWellFormed(DerReader.over(der));
    return { certIds };
  } catch (thrown) {
    if (thrown instanceof CertificateError) throw new OcspRequestError(field, thrown.what, { cause: thrown });
    if (thrown instanceof DerError) throw new OcspRequestError(field, thrown.message, { cause: thrown });
    throw thrown;
  }
}

function readRequestor(wrapper: DerReader): void {
  readGeneralName(wrapper);
  wrapper.finish();
}

function readRequests(list: DerReader): CertId[] {
  if (!list.more) list.fail('an empty list');
  const certIds: CertId[] = [];
  while (list.more) {
    if (certIds.length === maxCertIds) list.fail(`more than ${maxCertIds} certificates at a time`);
    const request = list.sequence();
    certIds.push(readCertId(request));
    if (request.next === contextConstructed(0)) readExtensions(request.enter(contextConstructed(0)), []);
    request.finish();
  }
  return certIds;
}

/** No other than those of `critical` may be critical (RFC 6960 §4.4). */
function readExtensions(wrapper: DerReader, critical: readonly string[]): void {
  const list = wrapper.sequence();
  wrapper.finish();
  if (!list.more) list.fail('an empty list');
  const seen = new Set<string>();
  while (list.more) {
    if (seen.size === maxExtensions) list.fail(`more than ${maxExtensions} extensions`);
    const extension = readExtension(list);
    const { id } = extension;
    if (seen.has(id)) list.fail(`extension ${id} stands there twice`);
    if (extension.critical && !critical.includes(id)) list.fail(`a critical extension that is not known: ${id}`);
    if (id === nonce) checkNonce(extension, list);
    seen.add(id);
  }
}

/** RFC 9654 §2.1: an OCTET STRING. Before it, some took the value of the extension itself for the nonce. */
function checkNonce({ value }: Extension, list: DerReader): void {
  const content = value.subarray(value.length > 129 ? 3 : 2);
  const { length } = sameBytes(octetString(content), value) ? content : value;
  if (length === 0 || length > maxNonce) list.fail(`a nonce of ${length} octets; it has 1 to ${maxNonce}`);
}

function readSignature(wrapper: DerReader): void {
  const signature = wrapper.sequence();
  wrapper.finish();
  signature.sequence();
  signature.bitString();
  if (signature.next === contextConstructed(0)) {
    const certificates = signature.enter(contextConstructed(0));
    certificates.sequence();
    certificates.finish();
  }
  signature.finish();
}
