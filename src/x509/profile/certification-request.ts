import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { contextConstructed } from '../der/tags.ts';
import { element, integer, oid, sequence, setOf } from '../der/writer.ts';
import { emptyName, encodeName, type NameTerms } from '../name.ts';
import { assembleSigned } from '../signed.ts';
import { type AlternativeNames, caBasicConstraints, keyUsage, subjectAltName } from './extensions.ts';

const extensionRequest = '1.2.840.113549.1.9.14';

/**
 * CertificationRequestInfo (RFC 2986 §4.1): what the requester signs. `extensions` are whole Extension elements; none
 * given, the attribute is left out. No `subject` is the empty name.
 */
function certificationRequestInfo(
  subject: NameTerms | undefined,
  spki: Der,
  extensions: readonly Der[] = [],
): Uint8Array {
  const attributes = extensions.length === 0 ? [] : [sequence(oid(extensionRequest), setOf(sequence(...extensions)))];
  return sequence(
    integer(0),
    subject === undefined ? emptyName() : encodeName(subject),
    spki,
    element(contextConstructed(0), ...attributes),
  );
}

/** A workload's request, as `countersign issue` sends it: empty subject and the SPIFFE ID. Throws RangeError. */
export function workloadRequestInfo(spki: Der, spiffeId: string): Uint8Array {
  return certificationRequestInfo(undefined, spki, [subjectAltName({ uris: [spiffeId] }, true)]);
}

/** A request for a TLS server of ours, as an outside issuer gets it: empty subject and exactly these names. Throws RangeError. */
export function servingRequestInfo(spki: Der, names: AlternativeNames): Uint8Array {
  return certificationRequestInfo(undefined, spki, [subjectAltName(names, true)]);
}

export interface CaRequestTerms {
  readonly subject: NameTerms;
  readonly spki: Der;
  readonly pathLength?: number;
  readonly trustDomain?: string;
}

/** What we would like an enterprise root to sign: the extensions of an intermediate. Throws RangeError. */
export function caRequestInfo(terms: CaRequestTerms): Uint8Array {
  return certificationRequestInfo(terms.subject, terms.spki, [
    caBasicConstraints(terms.pathLength),
    keyUsage('keyCertSign', 'cRLSign'),
    ...(terms.trustDomain === undefined ? [] : [subjectAltName({ uris: [`spiffe://${terms.trustDomain}`] }, false)]),
  ]);
}

/** The finished PKCS#10; `signature` as for a certificate (ECDSA as DER). */
export function assembleRequest(info: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Der {
  return assembleSigned(info, algorithm, signature);
}
