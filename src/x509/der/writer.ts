import type { Der } from '../algorithms.ts';
import { oidBytes } from './oid.ts';
import { contextConstructed, contextPrimitive, tag } from './tags.ts';

/** How many octets identifier and length take for `length` octets of content. */
export function headerLength(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5;
}

/** Writes identifier and length in the shortest form at `at`; returns the index just past them. */
export function writeHeader(into: Uint8Array, at: number, identifier: number, length: number): number {
  if (length >= 0x1000000) throw new RangeError('a DER element of 16 MiB or more');
  into[at++] = identifier;
  const octets = headerLength(length) - 2;
  if (octets === 0) into[at++] = length;
  else {
    into[at++] = 0x80 | octets;
    for (let shift = 8 * (octets - 1); shift >= 0; shift -= 8) into[at++] = (length >>> shift) & 0xff;
  }
  return at;
}

/** One element: identifier, length, and the parts one after another as its content. */
export function element(identifier: number, ...parts: readonly Uint8Array[]): Der {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(out, 0, identifier, length);
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out as Der;
}

export const sequence = (...parts: readonly Uint8Array[]): Der => element(tag.sequence, ...parts);
/** SET OF: the elements are put into DER's order (X.690 §11.6). */
export const setOf = (...parts: readonly Uint8Array[]): Der => element(tag.set, ...parts.toSorted(Buffer.compare));
export const octetString = (...parts: readonly Uint8Array[]): Der => element(tag.octetString, ...parts);
export const nothing = (): Der => element(tag.null);
export const boolean = (value: boolean): Der => element(tag.boolean, Uint8Array.of(value ? 0xff : 0x00));
export const oid = (text: string): Der => element(tag.oid, oidBytes(text));
/** `[n]` around whole elements. */
export const explicit = (n: number, ...parts: readonly Uint8Array[]): Der => element(contextConstructed(n), ...parts);
/** `[n]` in place of a primitive type's own tag. */
export const implicit = (n: number, content: Uint8Array): Der => element(contextPrimitive(n), content);

/** A BIT STRING of whole octets. */
export const bitString = (octets: Uint8Array): Der => element(tag.bitString, Uint8Array.of(0), octets);

/** A BIT STRING of named bits, bit 0 lowest in `bits`; trailing zeros are left off (X.690 §11.2.2). */
export function namedBits(bits: number): Der {
  const length = 32 - Math.clz32(bits);
  const octets = new Uint8Array(1 + Math.ceil(length / 8));
  octets[0] = (8 - (length % 8)) % 8;
  for (let i = 0; i < length; i++) {
    if ((bits >>> i) & 1) octets[1 + (i >> 3)] = (octets[1 + (i >> 3)] ?? 0) | (0x80 >> (i & 7));
  }
  return element(tag.bitString, octets);
}

/** A non-negative INTEGER from its big-endian magnitude, leading zeros or not. */
export function unsignedInteger(magnitude: Uint8Array): Der {
  let from = 0;
  while (from < magnitude.length - 1 && magnitude[from] === 0) from++;
  const content = magnitude.subarray(from);
  if (content.length === 0) return element(tag.integer, Uint8Array.of(0));
  return (content[0] ?? 0) < 0x80 ? element(tag.integer, content) : element(tag.integer, Uint8Array.of(0), content);
}

/** A non-negative INTEGER from a number or bigint. */
export function integer(value: number | bigint): Der {
  if (value < 0) throw new RangeError('only non-negative integers are written');
  const digits = value.toString(16);
  return unsignedInteger(Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex'));
}

/** A character string with the given tag: `tag.utf8String`, `printableString`, `ia5String`. */
export function text(identifier: number, value: string): Der {
  return element(identifier, Buffer.from(value, 'utf8'));
}
