import { type GeneralName, readGeneralName } from './certificate-names.ts';
import { oidText } from './der/oid.ts';
import { DerReader } from './der/reader.ts';
import { contextConstructed, contextPrimitive } from './der/tags.ts';
import { checkWellFormed } from './der/well-formed.ts';
import { type KeyUsageName, keyUsageNames } from './key-usage.ts';

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength?: number;
}

export interface AuthorityKeyId {
  readonly keyId?: Uint8Array;
  /** The form that names issuer and serial number is there too. */
  readonly namesIssuer: boolean;
}

export interface AccessDescription {
  /** Dotted object identifier. */
  readonly method: string;
  readonly location: GeneralName;
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** Each function reads the value of one extension, whole. They throw DerError. */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  return whole(value, (reader) => {
    const fields = reader.sequence();
    if (!fields.more) return { ca: false };
    if (!fields.boolean()) fields.fail('cA FALSE written out');
    if (!fields.more) return { ca: true };
    const pathLength = fields.smallInteger();
    fields.finish();
    return { ca: true, pathLength };
  });
}

export function readKeyUsage(value: Uint8Array): readonly KeyUsageName[] {
  return whole(value, (reader) => {
    const bits = reader.namedBits();
    if (bits === 0 || bits >>> keyUsageNames.length !== 0) reader.fail('no bit, or a bit that has no name');
    return keyUsageNames.filter((_, i) => (bits >>> i) & 1);
  });
}

/** Dotted object identifiers of the purposes; at least one. */
export function readExtendedKeyUsage(value: Uint8Array): readonly string[] {
  return whole(value, (reader) => atLeastOne(reader.sequence(), (list) => oidText(list.oid())));
}

export function readSubjectKeyId(value: Uint8Array): Uint8Array {
  return whole(value, (reader) => reader.octetString());
}

export function readAuthorityKeyId(value: Uint8Array): AuthorityKeyId {
  return whole(value, (reader) => {
    const fields = reader.sequence();
    const keyId = fields.next === contextPrimitive(0) ? fields.content(contextPrimitive(0)) : undefined;
    const names = fields.next === contextConstructed(1);
    if (names) atLeastOne(fields.enter(contextConstructed(1)), (list) => readGeneralName(list));
    const serial = fields.next === contextPrimitive(2);
    if (serial) fields.integer(contextPrimitive(2));
    if (names !== serial) fields.fail('an issuer without a serial number, or the reverse');
    fields.finish();
    return { ...(keyId && { keyId }), namesIssuer: names };
  });
}

export function readGeneralNames(value: Uint8Array): readonly GeneralName[] {
  return whole(value, (reader) => atLeastOne(reader.sequence(), (list) => readGeneralName(list)));
}

/** `minimum` and `maximum` of a subtree never stand there (RFC 5280 §4.2.1.10). */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  return whole(value, (reader) => {
    const fields = reader.sequence();
    if (!fields.more) fields.fail('neither a permitted nor an excluded subtree');
    const permitted = readSubtrees(fields, contextConstructed(0));
    const excluded = readSubtrees(fields, contextConstructed(1));
    fields.finish();
    return { permitted, excluded };
  });
}

function readSubtrees(fields: DerReader, identifier: number): GeneralName[] {
  if (fields.next !== identifier) return [];
  return atLeastOne(fields.enter(identifier), (list) => {
    const subtree = list.sequence();
    const base = readGeneralName(subtree, [8, 32]);
    subtree.finish();
    return base;
  });
}

/**
 * Where the issuer's own CRL for all reasons is to be had: URIs of the full names of the points that speak of such a one
 * (RFC 5280 §4.2.1.13).
 */
export function readCrlUris(value: Uint8Array): readonly string[] {
  return whole(value, (reader) => atLeastOne(reader.sequence(), readDistributionPoint).flat());
}

function readDistributionPoint(points: DerReader): readonly string[] {
  const point = points.sequence();
  const hasName = point.next === contextConstructed(0);
  const names = hasName ? readPointName(point.enter(contextConstructed(0))) : [];
  const hasReasons = point.next === contextPrimitive(1);
  if (hasReasons) point.namedBits(contextPrimitive(1));
  const hasIssuer = point.next === contextConstructed(2);
  if (hasIssuer) atLeastOne(point.enter(contextConstructed(2)), (list) => readGeneralName(list));
  if (!hasName && !hasIssuer) point.fail('a distribution point with neither a name nor an issuer');
  point.finish();
  return hasReasons || hasIssuer ? [] : names.filter(({ kind }) => kind === 'uri').map(({ text }) => text);
}

/** The full name; none where it is relative to the issuer's. */
function readPointName(choice: DerReader): readonly GeneralName[] {
  const isFull = choice.next === contextConstructed(0);
  const names = isFull ? atLeastOne(choice.enter(contextConstructed(0)), (list) => readGeneralName(list)) : [];
  if (!isFull) checkWellFormed(choice.enter(contextConstructed(1)));
  choice.finish();
  return names;
}

/** RFC 5280 §4.2.2.1. */
export function readAccessDescriptions(value: Uint8Array): readonly AccessDescription[] {
  return whole(value, (reader) =>
    atLeastOne(reader.sequence(), (list) => {
      const description = list.sequence();
      const method = oidText(description.oid());
      const location = readGeneralName(description);
      description.finish();
      return { method, location };
    }),
  );
}

function atLeastOne<T>(list: DerReader, read: (list: DerReader) => T): T[] {
  if (!list.more) list.fail('an empty list');
  const all: T[] = [];
  while (list.more) all.push(read(list));
  return all;
}

/** All of `value` as `read` finds it: nothing may be left over. */
export function whole<T>(value: Uint8Array, read: (reader: DerReader) => T): T {
  const reader = DerReader.over(value);
  const result = read(reader);
  reader.finish();
  return result;
}
