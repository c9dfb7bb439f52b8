/** The wire format of protocol buffers, as far as OTLP logs need it. */

const varintType = 0;
const fixed64Type = 1;
const lengthType = 2;
const fixed32Type = 5;

/** Octets that a message begins with room for; most records need two or three times as much. */
const firstRoom = 128;
/** A varint has at most ten octets. */
const longestVarint = 10;
/** Beyond it operators of bits would take a number for one below zero. */
const mostInBits = 0x7fff_ffff;

/** A message that grows field by field; a field without a value is left out. */
export class Message {
  #octets = Buffer.allocUnsafe(firstRoom);
  #length = 0;

  text(field: number, value: string | undefined): this {
    if (value === undefined) return this;
    const length = Buffer.byteLength(value);
    this.#room(2 * longestVarint + length);
    this.#varint(field * 8 + lengthType);
    this.#varint(length);
    this.#length += this.#octets.write(value, this.#length);
    return this;
  }

  octets(field: number, value: Uint8Array): this {
    this.#room(2 * longestVarint + value.length);
    this.#varint(field * 8 + lengthType);
    this.#varint(value.length);
    this.#octets.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  message(field: number, value: Message): this {
    return this.octets(field, value.#octets.subarray(0, value.#length));
  }

  /** Numbers below zero as two's complement of 64 bits, as int64 has them. */
  integer(field: number, value: number | boolean): this {
    this.#room(2 * longestVarint);
    this.#varint(field * 8 + varintType);
    this.#varint(Number(value));
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.#room(longestVarint + 8);
    this.#varint(field * 8 + fixed64Type);
    this.#length = this.#octets.writeBigUInt64LE(value, this.#length);
    return this;
  }

  fixed32(field: number, value: number): this {
    this.#room(longestVarint + 4);
    this.#varint(field * 8 + fixed32Type);
    this.#length = this.#octets.writeUInt32LE(value, this.#length);
    return this;
  }

  finish(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  #room(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#octets.length) return;
    const grown = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#octets.length));
    grown.set(this.#octets.subarray(0, this.#length));
    this.#octets = grown;
  }

  /** Seven bits an octet, the least first. */
  #varint(value: number): void {
    let rest = value < 0 || value > mostInBits ? this.#upTo31Bits(BigInt.asUintN(64, BigInt(value))) : value;
    while (rest > 0x7f) {
      this.#octets[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#octets[this.#length++] = rest;
  }

  /** Writes from the least on until operators of bits can do what is left. */
  #upTo31Bits(value: bigint): number {
    let rest = value;
    while (rest > mostInBits) {
      this.#octets[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    return Number(rest);
  }
}
