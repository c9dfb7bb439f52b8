import { type EncodedEvent, placeLength, placeText } from '#audit/entry.ts';

/**
 * A batch on its way to the thread that writes: record count, then head and tail length of each (uint32), then their
 * octets. One buffer, which changes hands without a copy.
 */
export function packBatch(events: readonly EncodedEvent[]): ArrayBuffer {
  const lengths = 4 + 8 * events.length;
  const packed = new ArrayBuffer(events.reduce((total, event) => total + event.length, lengths + events.length));
  const buffer = Buffer.from(packed);
  let field = buffer.writeUInt32LE(events.length, 0);
  let at = lengths;
  for (const { head, tail } of events) {
    const headLength = buffer.write(head, at);
    const tailLength = buffer.write(tail, at + headLength);
    field = buffer.writeUInt32LE(headLength, field);
    field = buffer.writeUInt32LE(tailLength, field);
    at += headLength + tailLength;
  }
  return packed;
}

/** The finished entries of a batch from index `first` on, each a view that a 00 octet stands before. */
export function placeBatch(packed: ArrayBuffer, first: number, time: string): Uint8Array[] {
  const source = Buffer.from(packed);
  const count = source.readUInt32LE(0);
  const target = Buffer.allocUnsafe(source.length + count * (placeLength + 1));
  const entries: Uint8Array[] = [];
  let from = 4 + 8 * count;
  let to = 0;
  for (let record = 0; record < count; record++) {
    const headLength = source.readUInt32LE(4 + 8 * record);
    const tailLength = source.readUInt32LE(8 + 8 * record);
    target[to++] = 0;
    const start = to;
    to += source.copy(target, to, from, from + headLength);
    from += headLength;
    to += target.write(placeText(first + record, time), to, 'latin1');
    to += source.copy(target, to, from, from + tailLength);
    from += tailLength;
    entries.push(target.subarray(start, to));
  }
  return entries;
}
