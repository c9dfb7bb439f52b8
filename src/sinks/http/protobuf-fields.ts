/** Values of a message of protocol buffers by their fields, the last of each: numbers, or octets. */
export type Fields = ReadonlyMap<number, bigint | Uint8Array>;

/** Undefined where the octets are no message. Groups are none: proto3 has no such thing. */
export function fieldsOf(octets: Uint8Array): Fields | undefined {
  const fields = new Map<number, bigint | Uint8Array>();
  for (let at = 0; at < octets.length; ) {
    const tag = varintAt(octets, at);
    if (tag === undefined || tag.value < 8n || tag.value > 0xffff_ffffn) return undefined;
    const found = valueAt(octets, tag.end, Number(tag.value & 7n));
    if (found === undefined || found.end > octets.length) return undefined;
    fields.set(Number(tag.value >> 3n), found.value);
    at = found.end;
  }
  return fields;
}

interface Found<T> {
  readonly value: T;
  /** Where the next begins. */
  readonly end: number;
}

function valueAt(octets: Uint8Array, at: number, type: number): Found<bigint | Uint8Array> | undefined {
  if (type === 0) return varintAt(octets, at);
  if (type === 1 || type === 5) return piece(octets, at, type === 1 ? 8 : 4);
  const length = type === 2 ? varintAt(octets, at) : undefined;
  return length && piece(octets, length.end, Number(length.value));
}

const piece = (octets: Uint8Array, at: number, length: number): Found<Uint8Array> => ({
  value: octets.subarray(at, at + length),
  end: at + length,
});

/** Seven bits an octet, the least first; at most ten of them. */
function varintAt(octets: Uint8Array, at: number): Found<bigint> | undefined {
  let value = 0n;
  for (let n = 0; n < 10; n++) {
    const octet = octets[at + n];
    if (octet === undefined) return undefined;
    value |= BigInt(octet & 0x7f) << BigInt(7 * n);
    if (octet < 0x80) return { value: BigInt.asUintN(64, value), end: at + n + 1 };
  }
  return undefined;
}
