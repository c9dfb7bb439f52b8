import type { Der } from '../algorithms.ts';
import { tag } from './tags.ts';

/** What is wrong with an encoding, and at which octet of the buffer. Callers turn it into a Refusal of their own. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly what: string;
  readonly position: number;

  constructor(what: string, position: number) {
    super(`${what} at octet ${position}`);
    this.what = what;
    this.position = position;
  }
}

/** Nothing that we read is nested deeper; a deeper thing is an attack on the stack of whoever reads it next. */
export const maxDepth = 16;

/**
 * Walks DER (X.690 §8, §10, §11) in place: no tree, no copies. A reader stands before the next element of one
 * constructed value; every method either consumes that element whole or throws DerError.
 */
export class DerReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly depth: number;
  #at: number;
  /** Content of the element read last: [contentAt, contentEnd). */
  #contentAt = 0;
  #contentEnd = 0;

  private constructor(bytes: Uint8Array, from: number, end: number, depth: number) {
    if (depth > maxDepth) throw new DerError(`nested deeper than ${maxDepth}`, from);
    this.bytes = bytes;
    this.#at = from;
    this.end = end;
    this.depth = depth;
  }

  /** A reader over `bytes`; call `finish()` after the outer element, or trailing octets go unseen. */
  static over(bytes: Uint8Array): DerReader {
    return new DerReader(bytes, 0, bytes.length, 0);
  }

  get position(): number {
    return this.#at;
  }

  get more(): boolean {
    return this.#at < this.end;
  }

  /** Identifier octet of the next element; -1 at the end. */
  get next(): number {
    return this.#at < this.end ? (this.bytes[this.#at] ?? -1) : -1;
  }

  fail(what: string, position = this.#at): never {
    throw new DerError(what, position);
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.#at !== this.end) this.fail('octets left over');
  }

  /** Consumes the next element, whatever it is; returns its identifier octet. */
  #step(): number {
    const { bytes, end } = this;
    let at = this.#at;
    if (end - at < 2) this.fail('an element is missing or cut off');
    const identifier = bytes[at] ?? 0;
    if ((identifier & 0x1f) === 0x1f) this.fail('a high tag number');
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) this.fail('an indefinite length');
      if (octets > 3) this.fail('a length of more than three octets');
      if (end - at < octets) this.fail('a length is cut off');
      length = 0;
      for (let i = 0; i < octets; i++) length = (length << 8) | (bytes[at + i] ?? 0);
      if (length < 0x80 || length < 1 << (8 * (octets - 1))) this.fail('a length is not in its shortest form');
      at += octets;
    }
    if (length > end - at) this.fail('an element reaches past its parent');
    this.#contentAt = at;
    this.#contentEnd = at + length;
    this.#at = this.#contentEnd;
    return identifier;
  }

  /** Consumes an element that must have this identifier octet. */
  #take(identifier: number): void {
    const from = this.#at;
    if (this.next !== identifier) this.fail(`expected tag ${hex(identifier)}, found ${hex(this.next)}`, from);
    this.#step();
  }

  /** Steps over the next element, whatever it is; returns its identifier octet. */
  skip(): number {
    return this.#step();
  }

  /** The next element whole: identifier, length and content, as a view. */
  element(): Der {
    const from = this.#at;
    this.#step();
    return this.bytes.subarray(from, this.#at) as Der;
  }

  /** Content of the next element, as a view. */
  content(identifier: number): Uint8Array {
    this.#take(identifier);
    return this.bytes.subarray(this.#contentAt, this.#contentEnd);
  }

  /** A reader over the content of the next, constructed element. */
  enter(identifier: number): DerReader {
    this.#take(identifier);
    return new DerReader(this.bytes, this.#contentAt, this.#contentEnd, this.depth + 1);
  }

  sequence(): DerReader {
    return this.enter(tag.sequence);
  }

  set(): DerReader {
    return this.enter(tag.set);
  }

  /** A reader over the DER that an OCTET STRING holds, as extension values are (RFC 5280 §4.1). */
  wrapped(): DerReader {
    return this.enter(tag.octetString);
  }

  octetString(): Uint8Array {
    return this.content(tag.octetString);
  }

  boolean(): boolean {
    const from = this.#at;
    this.#take(tag.boolean);
    checkBoolean(this.bytes, this.#contentAt, this.#contentEnd, from);
    return this.bytes[this.#contentAt] === 0xff;
  }

  null(): void {
    const from = this.#at;
    this.#take(tag.null);
    if (this.#contentAt !== this.#contentEnd) this.fail('NULL with content', from);
  }

  /** Two's complement content octets of an INTEGER, minimal. */
  integer(identifier: number = tag.integer): Uint8Array {
    const from = this.#at;
    this.#take(identifier);
    checkInteger(this.bytes, this.#contentAt, this.#contentEnd, from);
    return this.bytes.subarray(this.#contentAt, this.#contentEnd);
  }

  /** A non-negative INTEGER below 2^31. */
  smallInteger(identifier: number = tag.integer): number {
    const from = this.#at;
    const content = this.integer(identifier);
    if (content.length > 4 || (content[0] ?? 0) >= 0x80) this.fail('an INTEGER out of range', from);
    let value = 0;
    for (const octet of content) value = (value << 8) | octet;
    return value;
  }

  /** Content octets of an OBJECT IDENTIFIER; compare with `sameBytes`, or make text of it with `oidText`. */
  oid(identifier: number = tag.oid): Uint8Array {
    const from = this.#at;
    this.#take(identifier);
    checkOid(this.bytes, this.#contentAt, this.#contentEnd, from);
    return this.bytes.subarray(this.#contentAt, this.#contentEnd);
  }

  /** A BIT STRING: its octets and how many low bits of the last one are unused; those are zero (X.690 §11.2.1). */
  bitString(identifier: number = tag.bitString): { readonly octets: Uint8Array; readonly unused: number } {
    const from = this.#at;
    this.#take(identifier);
    checkBitString(this.bytes, this.#contentAt, this.#contentEnd, from);
    const unused = this.bytes[this.#contentAt] ?? 0;
    return { octets: this.bytes.subarray(this.#contentAt + 1, this.#contentEnd), unused };
  }

  /** A BIT STRING of whole octets, as keys and signatures are; the leading "unused bits" octet is not part of it. */
  bitOctets(): Uint8Array {
    const from = this.#at;
    const { octets, unused } = this.bitString();
    if (unused !== 0) this.fail('a BIT STRING that is not whole octets', from);
    return octets;
  }

  /** Bits of a named BIT STRING as a number, bit 0 lowest; trailing zero bits must be left off (X.690 §11.2.2). */
  namedBits(identifier: number = tag.bitString): number {
    const from = this.#at;
    const { octets, unused } = this.bitString(identifier);
    if (octets.length > 3) this.fail('a named BIT STRING of more than 24 bits', from);
    const last = octets.at(-1);
    if (last !== undefined && (last & (1 << unused)) === 0) this.fail('trailing zero bits in a named BIT STRING', from);
    let bits = 0;
    for (let i = 0; i < octets.length * 8; i++) {
      if (((octets[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) bits |= 1 << i;
    }
    return bits;
  }
}

export function checkBoolean(bytes: Uint8Array, at: number, end: number, position: number): void {
  const value = bytes[at];
  if (end - at !== 1 || (value !== 0x00 && value !== 0xff))
    throw new DerError('a BOOLEAN other than 00 or ff', position);
}

export function checkInteger(bytes: Uint8Array, at: number, end: number, position: number): void {
  if (end === at) throw new DerError('an empty INTEGER', position);
  if (end - at === 1) return;
  const second = (bytes[at + 1] ?? 0) & 0x80;
  const first = bytes[at];
  if ((first === 0x00 && second === 0) || (first === 0xff && second !== 0)) {
    throw new DerError('an INTEGER that is not in its shortest form', position);
  }
}

export function checkBitString(bytes: Uint8Array, at: number, end: number, position: number): void {
  const unused = bytes[at] ?? 0;
  if (end === at || unused > 7 || (unused > 0 && end - at === 1)) {
    throw new DerError('a BIT STRING without a right count of unused bits', position);
  }
  if (unused > 0 && ((bytes[end - 1] ?? 0) & ((1 << unused) - 1)) !== 0) {
    throw new DerError('unused bits of a BIT STRING are set', position);
  }
}

/** At least one arc; no arc begins with 80 (a needless leading zero), and the last one ends. */
export function checkOid(bytes: Uint8Array, at: number, end: number, position: number): void {
  let first = true;
  for (let i = at; i < end; i++) {
    const octet = bytes[i] ?? 0;
    if (first && octet === 0x80) throw new DerError('an OBJECT IDENTIFIER arc with a leading zero', position);
    first = octet < 0x80;
  }
  if (end === at || !first) throw new DerError('an OBJECT IDENTIFIER that is empty or cut off', position);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hex = (octet: number) => (octet < 0 ? 'nothing' : octet.toString(16).padStart(2, '0'));
