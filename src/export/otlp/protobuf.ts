/** The wire format of protocol buffers, as far as OTLP logs need it. */

const varintType = 0;
const fixed64Type = 1;
const lengthType = 2;
const fixed32Type = 5;

/** A message that grows field by field; a field without a value is left out. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  text(field: number, value: string | undefined): this {
    return value === undefined ? this : this.octets(field, Buffer.from(value));
  }

  octets(field: number, value: Uint8Array): this {
    return this.#add(tag(field, lengthType), varint(BigInt(value.length)), value);
  }

  message(field: number, value: Message): this {
    return this.octets(field, value.finish());
  }

  /** Numbers below zero as two's complement of 64 bits, as int64 has them. */
  integer(field: number, value: number | boolean): this {
    return this.#add(tag(field, varintType), varint(BigInt.asUintN(64, BigInt(value))));
  }

  fixed64(field: number, value: bigint): this {
    const octets = Buffer.alloc(8);
    octets.writeBigUInt64LE(value);
    return this.#add(tag(field, fixed64Type), octets);
  }

  fixed32(field: number, value: number): this {
    const octets = Buffer.alloc(4);
    octets.writeUInt32LE(value);
    return this.#add(tag(field, fixed32Type), octets);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length);
  }

  #add(...parts: readonly Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

const tag = (field: number, type: number) => varint(BigInt(field * 8 + type));

/** Seven bits an octet, the least first. */
function varint(value: bigint): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    octets.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  octets.push(Number(rest));
  return Uint8Array.from(octets);
}
