import type { Der } from '../algorithms.ts';
import { contextConstructed, contextPrimitive } from '../der/tags.ts';
import { boolean, element, implicit, integer, namedBits, octetString, oid, sequence } from '../der/writer.ts';
import { type PurposeName, purposes } from '../extended-key-usage.ts';
import { type KeyUsageName, keyUsageNames } from '../key-usage.ts';

const extensionIds = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  tlsFeature: '1.3.6.1.5.5.7.1.24',
} as const;

const accessMethods = { ocsp: '1.3.6.1.5.5.7.48.1', caIssuers: '1.3.6.1.5.5.7.48.2' } as const;

function extension(id: string, critical: boolean, value: Uint8Array): Der {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** cA TRUE; no `pathLength`, no bound. Critical. */
export function caBasicConstraints(pathLength?: number): Der {
  const parts = pathLength === undefined ? [] : [integer(pathLength)];
  return extension(extensionIds.basicConstraints, true, sequence(boolean(true), ...parts));
}

/** An end entity: cA FALSE is the DEFAULT and so not encoded. Critical. */
export function endEntityBasicConstraints(): Der {
  return extension(extensionIds.basicConstraints, true, sequence());
}

export function keyUsage(...uses: readonly KeyUsageName[]): Der {
  const bits = uses.reduce((all, use) => all | (1 << keyUsageNames.indexOf(use)), 0);
  return extension(extensionIds.keyUsage, true, namedBits(bits));
}

export function extendedKeyUsage(...names: readonly PurposeName[]): Der {
  return extension(extensionIds.extendedKeyUsage, false, sequence(...names.map((name) => oid(purposes[name]))));
}

export function subjectKeyId(keyId: Uint8Array): Der {
  return extension(extensionIds.subjectKeyId, false, octetString(keyId));
}

export function authorityKeyId(keyId: Uint8Array): Der {
  return extension(extensionIds.authorityKeyId, false, sequence(implicit(0, keyId)));
}

/** Names a certificate or a request can carry, in the order they are written. */
export interface AlternativeNames {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Four or sixteen octets each. */
  readonly ips?: readonly Uint8Array[];
}

function ia5(context: number, value: string): Der {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new RangeError(`a subject alternative name is printable ASCII: ${value}`);
  return element(contextPrimitive(context), Buffer.from(value, 'latin1'));
}

function ipAddress(octets: Uint8Array): Der {
  if (octets.length !== 4 && octets.length !== 16) throw new RangeError('an IP address has 4 or 16 octets');
  return element(contextPrimitive(7), octets);
}

/** RFC 5280 §4.2.1.6; critical exactly where the subject is empty. Throws RangeError for a name that cannot be held. */
export function subjectAltName(names: AlternativeNames, critical: boolean): Der {
  const all = [
    ...(names.dns ?? []).map((name) => ia5(2, name)),
    ...(names.uris ?? []).map((uri) => ia5(6, uri)),
    ...(names.ips ?? []).map(ipAddress),
  ];
  if (all.length === 0) throw new RangeError('subjectAltName needs at least one name');
  return extension(extensionIds.subjectAltName, critical, sequence(...all));
}

/** The same from whole GeneralNames, copied. */
export const copiedAltName = (generalNames: Der, critical: boolean): Der =>
  extension(extensionIds.subjectAltName, critical, generalNames);

/** Whole NameConstraints, copied. */
export const copiedConstraints = (nameConstraints: Der): Der =>
  extension(extensionIds.nameConstraints, true, nameConstraints);

/** RFC 3986 §3 without user information and fragment; RFC 5280 §8 advises against https, whose certificate would need a status too. */
const httpUrl =
  /^http:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?](?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?$/;

function httpLocation(url: string): Der {
  if (!httpUrl.test(url)) throw new RangeError(`a place that a certificate points to is an http URL: ${url}`);
  return ia5(6, url);
}

/** RFC 5280 §4.2.1.13: one point, the issuer's own CRL for all reasons. Not critical. Throws RangeError for no http URL. */
export function crlDistributionPoints(url: string): Der {
  const fullName = element(contextConstructed(0), httpLocation(url));
  const point = sequence(element(contextConstructed(0), fullName));
  return extension(extensionIds.crlDistributionPoints, false, sequence(point));
}

/** RFC 5280 §4.2.2.1, the responder first. Not critical. Throws RangeError for no http URL, and for none of either. */
export function authorityInfoAccess(urls: { readonly ocsp?: string; readonly caIssuers?: string }): Der {
  const { ocsp, caIssuers } = urls;
  const descriptions = [
    ...(ocsp === undefined ? [] : [sequence(oid(accessMethods.ocsp), httpLocation(ocsp))]),
    ...(caIssuers === undefined ? [] : [sequence(oid(accessMethods.caIssuers), httpLocation(caIssuers))]),
  ];
  if (descriptions.length === 0) throw new RangeError('authorityInfoAccess needs at least one place');
  return extension(extensionIds.authorityInfoAccess, false, sequence(...descriptions));
}

/** RFC 7633 §4: the TLS extension status_request (5), so a server must staple a status. Not critical. */
export function tlsFeature(): Der {
  return extension(extensionIds.tlsFeature, false, sequence(integer(5)));
}

/** RFC 5280 §5.2.3; `number` is a whole INTEGER. Not critical. */
export const crlNumber = (number: Der): Der => extension(extensionIds.crlNumber, false, number);

/** `[3] Extensions` of a TBSCertificate. */
export const certificateExtensions = (extensions: readonly Der[]): Der =>
  element(contextConstructed(3), sequence(...extensions));
