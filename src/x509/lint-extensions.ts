import type { Extension } from './certificate-fields.ts';
import { oidText } from './der/oid.ts';
import { DerReader, sameBytes } from './der/reader.ts';
import { contextConstructed, contextPrimitive, tag } from './der/tags.ts';
import { type PurposeName, purposes } from './extended-key-usage.ts';
import { keyUsageNames } from './key-usage.ts';
import type { CopiedExpectation, Expectation } from './lint.ts';
import { differs } from './lint-finding.ts';
import type { StatusPointers } from './profile/ca-certificate.ts';

export const emptySequence = Uint8Array.of(0x30, 0x00);
/** Those of every SVID, which are read back four times for each. */
const usualPurposes: Readonly<Partial<Record<PurposeName, Uint8Array>>> = {
  serverAuth: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3, 1),
  clientAuth: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3, 2),
};
const accessMethods = {
  ocsp: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 0x30, 1),
  caIssuers: Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 0x30, 2),
};

/** SEQUENCE of the one INTEGER 5. */
const statusRequest = Uint8Array.of(0x30, 3, 2, 1, 5);

type Next = (id: string, critical: boolean, field: string) => DerReader;

/**
 * The fixed order: BC, KU and EKU (copied ones where there are any), SKI (unless the issuer leaves it out), AKI, SAN, of a
 * CA NC, where it points CDP and AIA, and of a server that must staple its TLS feature. Throws Refusal `profile.lint`, and DerError.
 */
export function lintExtensions(extensions: readonly Extension[], expected: Expectation): void {
  let at = 0;
  const next: Next = (id, critical, field) => {
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
  else lintCopied(next, expected);
  if (extensions.length !== at) differs('extensions');
}

function lintCopied(next: Next, { copied, pointers }: CopiedExpectation): void {
  if (copied.names !== undefined) {
    const isSubjectEmpty = sameBytes(copied.subject, emptySequence);
    const names = next('2.5.29.17', isSubjectEmpty, 'subjectAltName');
    if (!sameBytes(names.bytes, copied.names)) differs('subjectAltName');
  }
  if (copied.nameConstraints !== undefined) {
    const constraints = next('2.5.29.30', true, 'nameConstraints');
    if (!sameBytes(constraints.bytes, copied.nameConstraints)) differs('nameConstraints');
  }
  if (pointers !== undefined) lintPointers(next, pointers);
  if (copied.mustStaple && !sameBytes(next('1.3.6.1.5.5.7.1.24', false, 'tlsFeature').bytes, statusRequest))
    differs('tlsFeature');
}

/** Exactly these places: one point with nothing but its full name, and one access of either kind, the responder first. */
function lintPointers(next: Next, { crl, ocsp, caIssuers }: StatusPointers): void {
  if (crl !== undefined) {
    const value = next('2.5.29.31', false, 'cRLDistributionPoints');
    const points = value.sequence();
    const point = points.sequence();
    const name = point.enter(contextConstructed(0));
    const fullName = name.enter(contextConstructed(0));
    lintUri(fullName, crl, 'cRLDistributionPoints');
    for (const reader of [value, points, point, name, fullName]) if (reader.more) differs('cRLDistributionPoints');
  }
  if (ocsp !== undefined || caIssuers !== undefined) {
    const value = next('1.3.6.1.5.5.7.1.1', false, 'authorityInfoAccess');
    const descriptions = value.sequence();
    if (ocsp !== undefined) lintAccess(descriptions.sequence(), accessMethods.ocsp, ocsp);
    if (caIssuers !== undefined) lintAccess(descriptions.sequence(), accessMethods.caIssuers, caIssuers);
    for (const reader of [value, descriptions]) if (reader.more) differs('authorityInfoAccess');
  }
}

function lintAccess(description: DerReader, method: Uint8Array, uri: string): void {
  if (!sameBytes(description.oid(), method)) differs('authorityInfoAccess');
  lintUri(description, uri, 'authorityInfoAccess');
  if (description.more) differs('authorityInfoAccess');
}

function lintUri(names: DerReader, uri: string, field: string): void {
  if (!isText(names.content(contextPrimitive(6)), uri)) differs(field);
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
  if (names.more || !isText(name, uri)) differs('subjectAltName');
}

function isText(octets: Uint8Array, text: string): boolean {
  if (octets.length !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (octets[i] !== text.charCodeAt(i)) return false;
  return true;
}
