import type { GeneralName } from '../certificate-names.ts';
import { DerReader } from '../der/reader.ts';
import { readName } from '../name.ts';

/** Forms of names that RFC 5280 §4.2.1.6 and §4.2.1.10 allow, and how subtrees of them match. */

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1); an address in dotted form is no DNS name. */
function isDnsName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  const labels = text.split('.');
  return labels.every((each) => label.test(each)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

const isMailbox = (text: string): boolean => {
  const [local = '', host = '', ...more] = text.split('@');
  return more.length === 0 && /^[\x21-\x7e]+$/.test(local) && isDnsName(host);
};

/** Whether a name in a subjectAltName has the form of its kind. Kinds that we do not interpret have any. */
export function isWellFormedName(name: GeneralName): boolean {
  switch (name.kind) {
    case 'dns':
      return isDnsName(name.text.startsWith('*.') ? name.text.slice(2) : name.text);
    case 'email':
      return isMailbox(name.text);
    case 'uri':
      return /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(name.text);
    default:
      return true;
  }
}

/** Whether the base of a subtree has the form that §4.2.1.10 gives it. */
export function isWellFormedConstraint(base: GeneralName): boolean {
  const { kind, text } = base;
  switch (kind) {
    case 'dns':
      return text === '' || isDnsName(text);
    case 'email':
      return text.includes('@') ? isMailbox(text) : isDnsName(withoutDot(text));
    case 'uri':
      return isDnsName(withoutDot(text));
    case 'ip':
      return hasContiguousMask(base.octets);
    default:
      return true;
  }
}

const withoutDot = (text: string) => (text.startsWith('.') ? text.slice(1) : text);

function hasContiguousMask(octets: Uint8Array): boolean {
  const bits = Array.from(octets.subarray(octets.length / 2), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return !bits.includes('01');
}

/** Host of a URI with an authority, lower case; undefined where there is none. */
export function uriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1];
  const host = authority?.replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();
  return host === '' ? undefined : host;
}

/** RDNs of a Name, each as text that is equal for equal RDNs: case and inner space do not count (RFC 5280 §7.1). */
export function comparableRdns(name: Uint8Array): string[] {
  const fold = (value: string) => value.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
  return readName(DerReader.over(name)).map((attributes) =>
    JSON.stringify(attributes.map(({ type, value }) => `${type}=${fold(value)}`).toSorted()),
  );
}

/** Values of emailAddress (PKCS#9) in a Name, the old place for what rfc822Name holds now. */
export function emailAddresses(name: Uint8Array): string[] {
  return readName(DerReader.over(name))
    .flat()
    .filter(({ type }) => type === '1.2.840.113549.1.9.1')
    .map(({ value }) => value);
}
