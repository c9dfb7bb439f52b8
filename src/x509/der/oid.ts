/** Dotted text of an OBJECT IDENTIFIER's content octets, already checked by the reader (X.690 §8.19). */
export function oidText(content: Uint8Array): string {
  const arcs: string[] = [];
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc.toString());
    else if (arc < 80n) arcs.push((arc / 40n).toString(), (arc % 40n).toString());
    else arcs.push('2', (arc - 80n).toString());
    arc = 0n;
  }
  return arcs.join('.');
}

/** Content octets of a dotted OBJECT IDENTIFIER. Throws RangeError when the text is none. */
export function oidBytes(text: string): Uint8Array {
  if (!/^[012](\.(0|[1-9]\d*))+$/.test(text)) throw new RangeError(`not an object identifier: ${text}`);
  const [root = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  if (root < 2n && second > 39n) throw new RangeError(`not an object identifier: ${text}`);
  return Uint8Array.from([root * 40n + second, ...rest].flatMap(base128));
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}
