import { Refusal } from '#refusal/refusal.ts';
import { algorithmIdentifier } from './algorithm-identifiers.ts';
import { CertificateError } from './certificate-error.ts';
import { type CertificateFields, type Extension, readCertificateFields } from './certificate-fields.ts';
import { oidText } from './der/oid.ts';
import { DerError, DerReader, sameBytes } from './der/reader.ts';
import { contextPrimitive, tag } from './der/tags.ts';
import { type PurposeName, purposes } from './extended-key-usage.ts';
import { type KeyUsageName, keyUsageNames } from './key-usage.ts';
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
  };
  /** Absent for an end entity. */
  readonly ca?: { readonly pathLength?: number };
}

const emptySequence = Uint8Array.of(0x30, 0x00);
/** Those of every SVID, which are read back four times for each. */
const usualPurposes: Readonly<Partial<Record<PurposeName, Uint8Array>>> = {
  serverAuth: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3, 1),
  clientAuth: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3, 2),
};

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

function reading(read: () => void): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof CertificateError || thrown instanceof DerError)) throw thrown;
    throw new Refusal(
      'profile.lint',
      `the certificate to be signed is malformed: ${thrown.message}`,
      {},
      { cause: thrown },
    );
  }
}

function differs(field: string): never {
  throw new Refusal('profile.lint', `the certificate to be signed differs from the permit in ${field}`, { field });
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

/** The fixed order: BC, KU and EKU (copied ones where there are any), SKI (unless the issuer leaves it out), AKI, SAN, and of a CA NC. */
function lintExtensions(extensions: readonly Extension[], expected: Expectation): void {
  let at = 0;
  const next = (id: string, critical: boolean, field: string): DerReader => {
    const extension = extensions[at++];
    if (extension === undefined || extension.id !== id || extension.critical !== critical) differs(field);
    return DerReader.over(extension.value);
  };
  const isCopied = 'copied' in expected;

  lintBasicConstraints(next('2.5.29.19', true, 'basicConstraints'), isCopied ? expected.ca : undefined);
  if (!isCopied || expected.keyUsage.length > 0 || expected.ca !== undefined)
    lintKeyUsage(next('2.5.29.15', true, 'keyUsage'), expected.keyUsage);
  if (!isCopied || expected.extendedKeyUsage.length > 0)
    lintPurposes(next('2.5.29.37', false, 'extendedKeyUsage'), expected.extendedKeyUsage);
  if (isCopied || expected.issuer.subjectKeyId !== false)
    lintSubjectKeyId(next('2.5.29.14', false, 'subjectKeyIdentifier'), expected.subjectKeyId);
  lintAuthorityKeyId(next('2.5.29.35', false, 'authorityKeyIdentifier'), expected.issuer.authorityKeyId);
  if (!isCopied) lintNames(next('2.5.29.17', true, 'subjectAltName'), expected.uri);
  else if (expected.copied.names !== undefined) {
    const isSubjectEmpty = sameBytes(expected.copied.subject, emptySequence);
    const names = next('2.5.29.17', isSubjectEmpty, 'subjectAltName');
    if (!sameBytes(names.bytes, expected.copied.names)) differs('subjectAltName');
  }
  if (isCopied && expected.copied.nameConstraints !== undefined) {
    const constraints = next('2.5.29.30', true, 'nameConstraints');
    if (!sameBytes(constraints.bytes, expected.copied.nameConstraints)) differs('nameConstraints');
  }
  if (extensions.length !== at) differs('extensions');
}

/** Of a CA: cA TRUE and exactly this path length, or none. */
function lintBasicConstraints(value: DerReader, ca: CopiedExpectation['ca']): void {
  const fields = value.sequence();
  value.finish();
  if (ca !== undefined && !fields.boolean()) differs('basicConstraints');
  if (ca?.pathLength !== undefined && fields.smallInteger() !== ca.pathLength) differs('basicConstraints');
  if (fields.more) differs('basicConstraints');
}

function lintKeyUsage(value: DerReader, expected: Expectation['keyUsage']): void {
  let wanted = 0;
  for (const use of expected) wanted |= 1 << keyUsageNames.indexOf(use);
  if (wanted === 0 || value.namedBits() !== wanted) differs('keyUsage');
  value.finish();
}

function lintPurposes(value: DerReader, expected: Expectation['extendedKeyUsage']): void {
  const list = value.sequence();
  value.finish();
  for (const purpose of expected) if (!isPurpose(list.oid(), purpose)) differs('extendedKeyUsage');
  if (list.more || expected.length === 0) differs('extendedKeyUsage');
}

function isPurpose(oid: Uint8Array, purpose: PurposeName): boolean {
  const octets = usualPurposes[purpose];
  return octets === undefined ? oidText(oid) === purposes[purpose] : sameBytes(oid, octets);
}

function lintSubjectKeyId(value: DerReader, expected: Uint8Array): void {
  if (!sameBytes(value.octetString(), expected)) differs('subjectKeyIdentifier');
  value.finish();
}

function lintAuthorityKeyId(value: DerReader, expected: Uint8Array): void {
  const identifier = value.sequence();
  value.finish();
  if (!sameBytes(identifier.content(contextPrimitive(0)), expected)) differs('authorityKeyIdentifier');
  if (identifier.more) differs('authorityKeyIdentifier');
}

/** Exactly one name, a URI, octet for octet the identity. */
function lintNames(value: DerReader, uri: string): void {
  const names = value.enter(tag.sequence);
  value.finish();
  const name = names.content(contextPrimitive(6));
  if (names.more || name.length !== uri.length) differs('subjectAltName');
  for (let i = 0; i < uri.length; i++) if (name[i] !== uri.charCodeAt(i)) differs('subjectAltName');
}
