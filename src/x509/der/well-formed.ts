import { checkBitString, checkBoolean, checkInteger, checkOid, DerError, type DerReader } from './reader.ts';
import { decodeString, isStringTag } from './strings.ts';
import { tag } from './tags.ts';

/**
 * Checks every element that `reader` still has before it, to the leaves: lengths, nesting, the content of each
 * universal type, order within SET OF. What an OCTET STRING or BIT STRING wraps stays opaque. So nothing that a later
 * reader steps over can hide a second meaning. Throws DerError.
 */
export function checkWellFormed(reader: DerReader): void {
  while (reader.more) checkElement(reader);
}

function checkElement(reader: DerReader): void {
  const identifier = reader.next;
  const position = reader.position;
  const constructed = (identifier & 0x20) !== 0;
  const structure = identifier === tag.sequence || identifier === tag.set;
  if (identifier < 0x40 && constructed && !structure) reader.fail('a constructed string');
  if (identifier === 0x10 || identifier === 0x11) {
    reader.fail('a SEQUENCE or SET that is not constructed');
  }
  if (identifier === tag.set) checkSetOf(reader.set());
  else if (constructed) checkWellFormed(reader.enter(identifier));
  else checkPrimitive(identifier, reader.content(identifier), position);
}

/** X.690 §11.6: encodings rise. */
function checkSetOf(reader: DerReader): void {
  const { bytes } = reader;
  let previousAt = -1;
  let previousEnd = -1;
  while (reader.more) {
    const at = reader.position;
    checkElement(reader);
    if (previousAt >= 0 && compare(bytes, previousAt, previousEnd, at, reader.position) > 0) {
      throw new DerError('a SET OF that is not sorted', at);
    }
    previousAt = at;
    previousEnd = reader.position;
  }
}

/** Order of two stretches of the same buffer, as octet strings. */
function compare(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  const length = Math.min(aEnd - a, bEnd - b);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[a + i] ?? 0) - (bytes[b + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return aEnd - a - (bEnd - b);
}

function checkPrimitive(identifier: number, content: Uint8Array, position: number): void {
  switch (identifier) {
    case 0x00:
      throw new DerError('an end-of-contents element', position);
    case tag.boolean:
      checkBoolean(content, 0, content.length, position);
      return;
    case tag.integer:
    case tag.enumerated:
      checkInteger(content, 0, content.length, position);
      return;
    case tag.bitString:
      checkBitString(content, 0, content.length, position);
      return;
    case tag.null:
      if (content.length > 0) throw new DerError('NULL with content', position);
      return;
    case tag.oid:
      checkOid(content, 0, content.length, position);
      return;
    default:
      if (isStringTag(identifier)) decodeString(identifier, content, position);
  }
}
