import { Malformed } from './malformed.ts';
import { tileWidth } from './tiles.ts';

/** An entry's length is written in two octets. */
export const maxEntryLength = 65_535;

/** An entry bundle (C2SP tlog-tiles): each entry behind its big-endian uint16 length. At most 256 entries. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > tileWidth) throw new RangeError(`a bundle holds ${tileWidth} entries, not ${entries.length}`);
  const bundle = Buffer.allocUnsafe(entries.reduce((total, entry) => total + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > maxEntryLength)
      throw new RangeError(`an entry of ${entry.length} octets is over ${maxEntryLength}`);
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** Entries of a bundle, of which the first has index `first`, as views of it. Throws Malformed when it is cut short. */
export function decodeBundle(bundle: Uint8Array, first = 0): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  for (let at = 0; at < bundle.length; ) {
    const start = at + 2;
    const end = start <= bundle.length ? start + view.getUint16(at) : start;
    if (end > bundle.length) throw new Malformed(`bundle ends inside entry ${first + entries.length}`);
    entries.push(bundle.subarray(start, end));
    at = end;
  }
  return entries;
}
