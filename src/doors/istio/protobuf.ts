/**
 * The little of the protobuf wire format (encoding spec, "Message Structure") that a unary call on the hot path
 * needs: tags, varints, length-delimited fields, and skipping what one does not know. Nothing recurses, nothing
 * is allocated but what is returned, and every length is held against the bytes that are really there.
 */

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The bytes are not a protobuf message. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** A cursor over `bytes[at, end)`. Fields of nested messages are read with a cursor of their own on the same bytes. */
export class FieldReader {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;
  /** Number and wire type of the field that `next()` stopped at. */
  field = 0;
  type = 0;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.#uint32();
    this.field = tag >>> 3;
    this.type = tag & 7;
    if (this.field === 0) throw new MalformedMessage('field number 0');
    return true;
  }

  /** True when the field at hand is `field` with wire type `type`; a known number with another type is unknown. */
  is(field: number, type: number): boolean {
    return this.field === field && this.type === type;
  }

  int64(): bigint {
    const start = this.at;
    for (let length = 1; length <= 10; length++) {
      if (this.#byte() < 0x80) return length <= 4 ? BigInt(this.#small(start)) : this.#large(start, length);
    }
    throw new MalformedMessage('a varint is longer than ten bytes');
  }

  string(): string {
    const length = this.#length();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** A cursor over the nested message at hand; this one moves past it. */
  message(): FieldReader {
    const length = this.#length();
    this.at += length;
    return new FieldReader(this.bytes, this.at - length, this.at);
  }

  raw(): Buffer {
    const length = this.#length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Past the value of the field at hand. Groups are refused: proto3 has none. */
  skip(): void {
    if (this.type === wireType.varint) this.int64();
    else if (this.type === wireType.bytes) this.#advance(this.#length());
    else if (this.type === wireType.fixed64) this.#advance(8);
    else if (this.type === wireType.fixed32) this.#advance(4);
    else throw new MalformedMessage(`wire type ${this.type}`);
  }

  #byte(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === undefined) throw new MalformedMessage('the message ends inside a field');
    this.at++;
    return byte;
  }

  #small(start: number): number {
    let value = 0;
    for (let at = start, shift = 0; at < this.at; at++, shift += 7) {
      value |= ((this.bytes[at] ?? 0) & 0x7f) << shift;
    }
    return value;
  }

  #large(start: number, length: number): bigint {
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 7n) | BigInt((this.bytes[start + i] ?? 0) & 0x7f);
    return BigInt.asIntN(64, value);
  }

  #uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new MalformedMessage('a tag or length does not fit 32 bits');
  }

  #length(): number {
    const length = this.#uint32();
    if (length > this.end - this.at) throw new MalformedMessage('a field is longer than its message');
    return length;
  }

  #advance(count: number): void {
    if (count > this.end - this.at) throw new MalformedMessage('the message ends inside a field');
    this.at += count;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) size++;
  return size;
}

/** Octets of a length-delimited field with a one-octet tag. */
export function bytesFieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes tag and length of a length-delimited field with number `field` (1 to 15); returns where its value begins. */
export function writeBytesHeader(into: Buffer, at: number, field: number, length: number): number {
  let next = at;
  into[next++] = (field << 3) | wireType.bytes;
  let rest = length;
  while (rest > 0x7f) {
    into[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[next++] = rest;
  return next;
}

/** One whole length-delimited field. For cold paths. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const out = Buffer.allocUnsafe(bytesFieldSize(bytes.length));
  out.set(bytes, writeBytesHeader(out, 0, field, bytes.length));
  return out;
}

/** The last length-delimited field with that number; empty when there is none. For cold paths. Throws MalformedMessage. */
export function bytesOfField(message: Buffer, field: number): Buffer {
  const reader = new FieldReader(message);
  let found = message.subarray(0, 0);
  while (reader.next()) {
    if (reader.is(field, wireType.bytes)) found = reader.raw();
    else reader.skip();
  }
  return found;
}

/** One whole varint field of a number from 0 to 127. For cold paths. Throws RangeError. */
export function varintField(field: number, value: number): Buffer {
  if (!(value >= 0 && value < 0x80)) throw new RangeError(`${value} does not fit one octet of a varint`);
  return Buffer.from([(field << 3) | wireType.varint, value]);
}
