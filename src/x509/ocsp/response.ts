import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { contextConstructed, contextPrimitive, tag } from '../der/tags.ts';
import { element, explicit, octetString, oid, sequence } from '../der/writer.ts';
import type { RevokedEntry } from '../profile/revocation-list.ts';
import { reasonNumber } from '../revocation-reason.ts';
import { assembleSigned } from '../signed.ts';
import { generalizedTime } from '../validity-time.ts';

export type CertStatus = 'good' | 'unknown' | Omit<RevokedEntry, 'serial'>;

export interface StatusTerms {
  /** As it was asked, whole. */
  readonly certId: Der;
  readonly status: CertStatus;
  /** Whole seconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface OcspTerms {
  /** Of the CA, which signs itself: see `OcspIssuer`. */
  readonly keySha1: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly producedAt: number;
  /** In the order they are written; at least one. */
  readonly statuses: readonly StatusTerms[];
}

/**
 * ResponseData (RFC 6960 §4.2.1) as RFC 5019 §2.2.1 profiles it: responderID by key, nextUpdate always, no extension.
 * Throws RangeError that names the term.
 */
export function ocspTbs({ keySha1, producedAt, statuses }: OcspTerms): Uint8Array {
  if (keySha1.length !== 20) throw new RangeError('the SHA-1 of a key has 20 octets');
  if (statuses.length === 0) throw new RangeError('a response tells of at least one certificate');
  return sequence(
    explicit(2, octetString(keySha1)),
    generalizedTime(producedAt),
    sequence(...statuses.map(singleResponse)),
  );
}

function singleResponse({ certId, status, thisUpdate, nextUpdate }: StatusTerms): Der {
  if (thisUpdate >= nextUpdate) throw new RangeError('thisUpdate must come before nextUpdate');
  return sequence(certId, certStatus(status), generalizedTime(thisUpdate), explicit(0, generalizedTime(nextUpdate)));
}

function certStatus(status: CertStatus): Der {
  if (status === 'good') return element(contextPrimitive(0));
  if (status === 'unknown') return element(contextPrimitive(2));
  const { revokedAt, reason = 'unspecified' } = status;
  const told = explicit(0, element(tag.enumerated, Uint8Array.of(reasonNumber(reason))));
  return element(contextConstructed(1), generalizedTime(revokedAt), ...(reason === 'unspecified' ? [] : [told]));
}

const basicResponse = '1.3.6.1.5.5.7.48.1.1';

/**
 * OCSPResponse `successful` around ResponseData; `signature` as for a certificate (ECDSA as DER). No certificates: who asks
 * has that of the CA.
 */
export function assembleOcsp(tbs: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Der {
  const basic = assembleSigned(tbs, algorithm, signature);
  return sequence(responseStatus(0), explicit(0, sequence(oid(basicResponse), octetString(basic))));
}

/** OCSPResponseStatus (RFC 6960 §4.2.1) of the answers that nobody signs; we never ask for a signature. */
const failures = { malformedRequest: 1, internalError: 2, tryLater: 3, unauthorized: 6 } as const;
export type OcspFailure = keyof typeof failures;

export const ocspFailure = (failure: OcspFailure): Der => sequence(responseStatus(failures[failure]));

const responseStatus = (status: number): Der => element(tag.enumerated, Uint8Array.of(status));
