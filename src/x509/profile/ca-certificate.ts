import { algorithmIdentifier } from '../algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { sameBytes } from '../der/reader.ts';
import { explicit, integer, sequence, unsignedInteger } from '../der/writer.ts';
import type { PurposeName } from '../extended-key-usage.ts';
import type { KeyUsageName } from '../key-usage.ts';
import { emptyName, encodeName, type NameTerms } from '../name.ts';
import { timeLength, writeTime } from '../validity-time.ts';
import {
  type AlternativeNames,
  authorityInfoAccess,
  authorityKeyId,
  caBasicConstraints,
  certificateExtensions,
  copiedAltName,
  copiedConstraints,
  crlDistributionPoints,
  endEntityBasicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyId,
  tlsFeature,
} from './extensions.ts';
import { subjectKeyIdentifier } from './key-identifier.ts';

/** Whose signature a certificate will carry. */
export interface IssuerTerms {
  /** The issuer's subject as it stands in its own certificate, copied. */
  readonly name: Der;
  /** Its subjectKeyIdentifier, copied. */
  readonly keyId: Uint8Array;
}

/** Where the status of a certificate, and the certificate of its issuer, are to be had: absolute http URLs. */
export interface StatusPointers {
  readonly crl?: string;
  readonly ocsp?: string;
  readonly caIssuers?: string;
}

interface CommonTerms {
  readonly spki: Der;
  /** Big-endian, positive, at most 20 octets. */
  readonly serial: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface CaTerms extends CommonTerms {
  readonly subject: NameTerms;
  /** `self` for a root. */
  readonly issuer: IssuerTerms | 'self';
  /** Absent: no bound, as in a root; 0 for an intermediate that issues leaves. */
  readonly pathLength?: number;
  /** Name of the trust domain; becomes `spiffe://<trust domain>` in a subjectAltName that is not critical. */
  readonly trustDomain?: string;
  readonly pointers?: StatusPointers;
}

export interface ServingTerms extends CommonTerms {
  readonly issuer: IssuerTerms;
  readonly names: AlternativeNames;
  /** RSA keys exchange by encipherment in old suites of TLS 1.2. */
  readonly keyEncipherment: boolean;
  /** A server that also calls others, such as an XDS peer. */
  readonly clientAuth?: boolean;
}

/**
 * A signing certificate's TBSCertificate (X509-SVID §2, RFC 5280 §4): critical basicConstraints and keyUsage, SKI, AKI
 * except in a root, no EKU (some validators inherit it downwards), no name constraints (ztunnel refuses every chain
 * that has them). Throws RangeError that names the term.
 */
export function caTbs(terms: CaTerms, algorithm: SignatureAlgorithm): Uint8Array {
  const subject = encodeName(terms.subject);
  const { issuer } = terms;
  return tbsCertificate(terms, algorithm, issuer === 'self' ? subject : issuer.name, subject, [
    caBasicConstraints(terms.pathLength),
    keyUsage('keyCertSign', 'cRLSign'),
    subjectKeyId(subjectKeyIdentifier(terms.spki)),
    ...(issuer === 'self' ? [] : [authorityKeyId(issuer.keyId)]),
    ...(terms.trustDomain === undefined ? [] : [subjectAltName({ uris: [`spiffe://${terms.trustDomain}`] }, false)]),
    ...statusExtensions(terms.pointers),
  ]);
}

/** Our own TLS server's certificate: empty subject, so a critical subjectAltName. Throws RangeError. */
export function servingTbs(terms: ServingTerms, algorithm: SignatureAlgorithm): Uint8Array {
  return tbsCertificate(terms, algorithm, terms.issuer.name, emptyName(), [
    endEntityBasicConstraints(),
    terms.keyEncipherment ? keyUsage('digitalSignature', 'keyEncipherment') : keyUsage('digitalSignature'),
    terms.clientAuth ? extendedKeyUsage('serverAuth', 'clientAuth') : extendedKeyUsage('serverAuth'),
    subjectKeyId(subjectKeyIdentifier(terms.spki)),
    authorityKeyId(terms.issuer.keyId),
    subjectAltName(terms.names, true),
  ]);
}

export interface CopiedTerms extends CommonTerms {
  readonly issuer: IssuerTerms;
  /** Name of the request, copied. */
  readonly subject: Der;
  /** GeneralNames of the request, copied; absent, the extension is left out. */
  readonly names: Der | undefined;
  /** None: the extension is left out, here and below. */
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly PurposeName[];
  /** NameConstraints of the request, copied; critical (RFC 5280 §4.2.1.10). */
  readonly nameConstraints: Der | undefined;
  /** Of a server that has to staple its status (RFC 7633). */
  readonly mustStaple: boolean;
  /** Absent for an end entity. */
  readonly ca?: { readonly pathLength?: number };
  readonly pointers?: StatusPointers;
}

/**
 * A certificate with the subject and names of its request, octet for octet (RFC 5280 §4). Names are critical exactly where
 * the subject is empty. Throws RangeError that names the term.
 */
export function copiedTbs(terms: CopiedTerms, algorithm: SignatureAlgorithm): Uint8Array {
  const { issuer, subject, names, nameConstraints, mustStaple, ca } = terms;
  return tbsCertificate(terms, algorithm, issuer.name, subject, [
    ca === undefined ? endEntityBasicConstraints() : caBasicConstraints(ca.pathLength),
    ...(terms.keyUsage.length === 0 ? [] : [keyUsage(...terms.keyUsage)]),
    ...(terms.extendedKeyUsage.length === 0 ? [] : [extendedKeyUsage(...terms.extendedKeyUsage)]),
    subjectKeyId(subjectKeyIdentifier(terms.spki)),
    authorityKeyId(issuer.keyId),
    ...(names === undefined ? [] : [copiedAltName(names, sameBytes(subject, emptyName()))]),
    ...(nameConstraints === undefined ? [] : [copiedConstraints(nameConstraints)]),
    ...statusExtensions(terms.pointers),
    ...(mustStaple ? [tlsFeature()] : []),
  ]);
}

function statusExtensions({ crl, ...access }: StatusPointers = {}): readonly Der[] {
  const isAccess = access.ocsp !== undefined || access.caIssuers !== undefined;
  return [
    ...(crl === undefined ? [] : [crlDistributionPoints(crl)]),
    ...(isAccess ? [authorityInfoAccess(access)] : []),
  ];
}

function tbsCertificate(
  terms: CommonTerms,
  algorithm: SignatureAlgorithm,
  issuerName: Der,
  subject: Der,
  extensions: readonly Der[],
): Uint8Array {
  return sequence(
    explicit(0, integer(2)),
    serialNumber(terms.serial),
    algorithmIdentifier(algorithm),
    issuerName,
    validity(terms.notBefore, terms.notAfter),
    subject,
    terms.spki,
    certificateExtensions(extensions),
  );
}

function serialNumber(serial: Uint8Array): Der {
  const number = unsignedInteger(serial);
  if (number.length > 22 || serial.every((octet) => octet === 0)) {
    throw new RangeError('a serial is positive and has at most 20 octets');
  }
  return number;
}

function validity(notBefore: number, notAfter: number): Der {
  if (notBefore >= notAfter) throw new RangeError('notBefore must come before notAfter');
  const times = new Uint8Array(timeLength(notBefore) + timeLength(notAfter));
  writeTime(times, writeTime(times, 0, notBefore), notAfter);
  return sequence(times);
}
