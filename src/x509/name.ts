import type { Der } from './algorithms.ts';
import { oidText } from './der/oid.ts';
import { DerReader } from './der/reader.ts';
import { readString } from './der/strings.ts';
import { tag } from './der/tags.ts';
import { oid, sequence, setOf, text } from './der/writer.ts';

/** Parts of a distinguished name as ceremony files write them. */
export interface NameTerms {
  readonly commonName: string;
  readonly organization?: string;
  readonly organizationalUnit?: string;
  /** ISO 3166 two-letter code, upper case. */
  readonly country?: string;
}

/** RFC 4519 short names, and the upper bounds of RFC 5280 appendix A, in characters. */
const attributes = {
  country: { oid: '2.5.4.6', short: 'C', most: 2 },
  organization: { oid: '2.5.4.10', short: 'O', most: 64 },
  organizationalUnit: { oid: '2.5.4.11', short: 'OU', most: 64 },
  commonName: { oid: '2.5.4.3', short: 'CN', most: 64 },
} as const;

const shortNames = new Map<string, string>([
  ...Object.values(attributes).map((attribute): [string, string] => [attribute.oid, attribute.short]),
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

function relativeName(kind: keyof typeof attributes, value: string | undefined): Der[] {
  if (value === undefined) return [];
  const { oid: type, most } = attributes[kind];
  if (value.length === 0 || [...value].length > most) throw new RangeError(`${kind} must have 1 to ${most} characters`);
  if (/\p{Cc}|\p{Cs}/u.test(value)) throw new RangeError(`${kind} must not hold control characters`);
  if (kind === 'country' && !/^[A-Z]{2}$/.test(value)) throw new RangeError('country must be two capital letters');
  return [setOf(sequence(oid(type), text(kind === 'country' ? tag.printableString : tag.utf8String, value)))];
}

/**
 * A Name (RFC 5280 §4.1.2.4): C, O, OU, CN, each in an RDN of its own; UTF8String, country PrintableString.
 * Throws RangeError that names the part and its bound.
 */
export function encodeName(terms: NameTerms): Der {
  return sequence(
    ...relativeName('country', terms.country),
    ...relativeName('organization', terms.organization),
    ...relativeName('organizationalUnit', terms.organizationalUnit),
    ...relativeName('commonName', terms.commonName),
  );
}

/** The empty Name, as leaves have it. */
export const emptyName = (): Der => sequence();

/** RFC 4514 §2.4: characters that would read as syntax get a backslash; control characters their hex. */
function escaped(value: string): string {
  return value
    .replace(/[\\",+;<>=]/g, '\\$&')
    .replace(/^[ #]| $/g, '\\$&')
    .replace(/\p{Cc}/gu, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

interface NameAttribute {
  /** Dotted object identifier. */
  readonly type: string;
  readonly value: string;
}

/** The next element, a Name: attributes by RDN, in encoded order. Throws DerError. */
export function readName(reader: DerReader): readonly (readonly NameAttribute[])[] {
  const rdns = reader.sequence();
  const all: NameAttribute[][] = [];
  while (rdns.more) {
    const rdn = rdns.set();
    if (!rdn.more) rdn.fail('an empty relative name');
    const attributes: NameAttribute[] = [];
    while (rdn.more) attributes.push(readAttribute(rdn));
    all.push(attributes);
  }
  return all;
}

function readAttribute(reader: DerReader): NameAttribute {
  const attribute = reader.sequence();
  const type = oidText(attribute.oid());
  const value = readString(attribute);
  attribute.finish();
  return { type, value };
}

/** RDNs of a Name as people read them, in encoded order: `C=DE, O=Example, CN=Mesh root`. Throws DerError. */
export function nameText(name: Uint8Array): string {
  const reader = DerReader.over(name);
  const rdns = readName(reader);
  reader.finish();
  const text = ({ type, value }: NameAttribute) => `${shortNames.get(type) ?? type}=${escaped(value)}`;
  return rdns.map((attributes) => attributes.map(text).join('+')).join(', ');
}
