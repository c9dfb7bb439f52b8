import { Refusal } from '#refusal/refusal.ts';
import { algorithmIdentifier } from './algorithm-identifiers.ts';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';
import { DerReader, sameBytes } from './der/reader.ts';
import type { PurposeName } from './extended-key-usage.ts';
import type { KeyUsageName } from './key-usage.ts';
import { emptySequence, lintExtensions } from './lint-extensions.ts';
import { differs, reading } from './lint-finding.ts';
import type { StatusPointers } from './profile/ca-certificate.ts';
import type { LeafIssuer } from './profile/leaf-template.ts';

/** What a certificate must say, as the permit and the live issuer have it. */
export type Expectation = SvidExpectation | CopiedExpectation;

interface CommonExpectation {
  readonly issuer: LeafIssuer;
  readonly serial: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly subjectKeyId: Uint8Array;
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly PurposeName[];
  /** Octets of the finished certificate. */
  readonly maxSize: number;
}

export interface SvidExpectation extends CommonExpectation {
  readonly uri: string;
}

/** Of a certificate that names what its request names. */
export interface CopiedExpectation extends CommonExpectation {
  /** Name, and GeneralNames and NameConstraints where there are any, octet for octet. */
  readonly copied: {
    readonly subject: Uint8Array;
    readonly names: Uint8Array | undefined;
    readonly nameConstraints: Uint8Array | undefined;
    readonly mustStaple: boolean;
  };
  /** Absent for an end entity. */
  readonly ca?: { readonly pathLength?: number };
  /** Absent: it points nowhere, as no SVID does. */
  readonly pointers?: StatusPointers;
}

/**
 * Reads the final to-be-signed bytes back and holds every field against what was permitted: nothing
 * missing, nothing more, nothing else. Shares no code with the template that wrote them. Throws Refusal
 * `profile.lint` that names the field.
 */
export function lintTbs(tbs: Uint8Array, expected: Expectation): void {
  reading(() => {
    const reader = DerReader.over(tbs);
    lintFields(readCertificateFields(reader), expected);
    reader.finish();
  });
  if (tbs.length >= expected.maxSize) tooLarge(tbs.length, expected.maxSize);
}

/**
 * The finished certificate before release: its inside is `tbs` and still what was permitted (whoever signed held the
 * buffer), its outer AlgorithmIdentifier is the inner one, its signature is a whole number of octets. Whether the
 * signature is right is for the caller to verify. Throws Refusal `profile.lint`.
 */
export function compareReleased(certificate: Uint8Array, tbs: Uint8Array, expected: Expectation): void {
  reading(() => {
    const outer = DerReader.over(certificate);
    const signed = outer.sequence();
    outer.finish();
    const inside = signed.element();
    if (!sameBytes(inside, tbs)) differs('tbsCertificate');
    lintTbs(inside, expected);
    const identifier = signed.element();
    if (!sameBytes(identifier, algorithmIdentifier(expected.issuer.signatureAlgorithm))) differs('signatureAlgorithm');
    if (signed.bitOctets().length === 0) differs('signatureValue');
    signed.finish();
  });
  if (certificate.length > expected.maxSize) tooLarge(certificate.length, expected.maxSize);
}

function tooLarge(octets: number, most: number): never {
  throw new Refusal('profile.lint', `the certificate would have ${octets} octets or more; policy allows ${most}`, {
    octets,
    most,
  });
}

function lintFields(fields: CertificateFields, expected: Expectation): void {
  const first = fields.serial[0] ?? 0;
  if (!sameBytes(fields.serial, expected.serial) || fields.serial.length !== 20 || first < 0x40)
    differs('serialNumber');
  const { issuer } = expected;
  if (!sameBytes(fields.signature, algorithmIdentifier(issuer.signatureAlgorithm))) differs('signature');
  if (!sameBytes(fields.issuer, issuer.issuerName)) differs('issuer');
  if (fields.notBefore !== expected.notBefore || fields.notAfter !== expected.notAfter) differs('validity');
  const subject = 'copied' in expected ? expected.copied.subject : emptySequence;
  if (!sameBytes(fields.subject, subject)) differs('subject');
  if (!sameBytes(fields.spki, expected.spki)) differs('subjectPublicKeyInfo');
  lintExtensions(fields.extensions, expected);
}
