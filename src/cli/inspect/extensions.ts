import { OctetString } from 'asn1js';
import {
  AltName,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CRLDistributionPoints,
  type Extension,
  ExtKeyUsage,
  InfoAccess,
  NameConstraints,
} from 'pkijs';
import { keyUsageNames } from '#x509/key-usage.ts';
import { generalNameText } from './names.ts';

export interface ReadExtension {
  readonly oid: string;
  readonly name: string;
  readonly critical: boolean;
  /** In words; hex of the value where it is not one of those we know. */
  readonly value: string;
}

/** RFC 7633: the one feature status_request. */
const mustStaple = Buffer.of(0x30, 3, 2, 1, 5);

const extensionNames: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.18': 'issuerAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.31': 'cRLDistributionPoints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extendedKeyUsage',
  '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
  '1.3.6.1.5.5.7.1.24': 'tlsFeature',
  '1.3.6.1.4.1.11129.2.4.2': 'signedCertificateTimestamps',
};

const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '2.5.29.37.0': 'anyExtendedKeyUsage',
};

export function readExtension(extension: Extension): ReadExtension {
  const oid = extension.extnID;
  return { oid, name: extensionNames[oid] ?? oid, critical: extension.critical, value: words(extension) };
}

function words(extension: Extension): string {
  const octets = Buffer.from(extension.extnValue.valueBlock.valueHexView);
  const value: unknown = extension.parsedValue;
  if (extension.extnID === '2.5.29.15') return keyUsageWords(octets);
  if (octets.equals(mustStaple) && extension.extnID === '1.3.6.1.5.5.7.1.24') return 'status_request (must staple)';
  if (value instanceof BasicConstraints) return basicConstraintsWords(value);
  if (value instanceof ExtKeyUsage) return value.keyPurposes.map((oid) => purposes[oid] ?? oid).join(', ');
  if (value instanceof AltName) return value.altNames.map(generalNameText).join(', ');
  if (value instanceof AuthorityKeyIdentifier)
    return hex(value.keyIdentifier?.valueBlock.valueHexView) || 'no key identifier';
  if (value instanceof OctetString) return hex(value.valueBlock.valueHexView);
  if (value instanceof NameConstraints) return constraintWords(value);
  if (value instanceof CRLDistributionPoints)
    return value.distributionPoints.map(({ distributionPoint }) => pointWords(distributionPoint)).join(', ');
  if (value instanceof InfoAccess)
    return value.accessDescriptions.map(({ accessLocation }) => generalNameText(accessLocation)).join(', ');
  return octets.toString('hex');
}

function basicConstraintsWords({ cA, pathLenConstraint }: BasicConstraints): string {
  if (!cA) return 'not a CA';
  return typeof pathLenConstraint === 'number' ? `CA, at most ${pathLenConstraint} CAs below` : 'CA';
}

/** BIT STRING of named bits: tag, length, unused bits, octets. */
function keyUsageWords(der: Buffer): string {
  const bits = der.subarray(3);
  const named = keyUsageNames.filter((_, i) => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
  return named.join(', ') || 'none';
}

function constraintWords({ permittedSubtrees, excludedSubtrees }: NameConstraints): string {
  const list = (word: string, subtrees: NameConstraints['permittedSubtrees']) =>
    (subtrees ?? []).map(({ base }) => `${word} ${generalNameText(base)}`);
  return [...list('permits', permittedSubtrees), ...list('excludes', excludedSubtrees)].join(', ');
}

function pointWords(point: unknown): string {
  return Array.isArray(point) ? point.map(generalNameText).join(', ') : 'relative to its issuer';
}

const hex = (octets: Uint8Array | undefined) => (octets === undefined ? '' : Buffer.from(octets).toString('hex'));
