import { DerError, type DerReader } from './reader.ts';
import { tag } from './tags.ts';

/** `'()+,-./:=?`, space, letters, digits (X.680 §41.4). */
const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const numeric = /^[0-9 ]*$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function isStringTag(identifier: number): boolean {
  switch (identifier) {
    case tag.utf8String:
    case tag.numericString:
    case tag.printableString:
    case tag.teletexString:
    case tag.ia5String:
    case tag.visibleString:
    case tag.universalString:
    case tag.bmpString:
      return true;
    default:
      return false;
  }
}

/** The next element, any of ASN.1's character strings, as text. Throws DerError when its octets are none. */
export function readString(reader: DerReader): string {
  const identifier = reader.next;
  if (!isStringTag(identifier)) reader.fail('expected a character string');
  const position = reader.position;
  return decodeString(identifier, reader.content(identifier), position);
}

/** The same for content octets already at hand; `position` is for the error. */
export function decodeString(identifier: number, content: Uint8Array, position: number): string {
  const octets = Buffer.from(content.buffer, content.byteOffset, content.length);
  switch (identifier) {
    case tag.utf8String:
      return decodeUtf8(octets, position);
    case tag.printableString:
      return matching(octets.toString('latin1'), printable, 'PrintableString', position);
    case tag.numericString:
      return matching(octets.toString('latin1'), numeric, 'NumericString', position);
    case tag.bmpString:
      return decodeBmp(octets, position);
    case tag.universalString:
      return decodeUniversal(octets, position);
    case tag.teletexString:
      return octets.toString('latin1');
    default:
      return decodeIa5(octets, position);
  }
}

function decodeUtf8(octets: Buffer, position: number): string {
  try {
    return utf8.decode(octets);
  } catch {
    throw new DerError('a UTF8String that is not UTF-8', position);
  }
}

/** IA5String and VisibleString: seven bits. */
function decodeIa5(octets: Buffer, position: number): string {
  for (const octet of octets) if (octet > 0x7f) throw new DerError('an IA5String with octets over 7f', position);
  return octets.toString('latin1');
}

function matching(text: string, allowed: RegExp, type: string, position: number): string {
  if (!allowed.test(text)) throw new DerError(`a ${type} with characters that it cannot hold`, position);
  return text;
}

/** UCS-2: surrogates have no place in it. */
function decodeBmp(octets: Buffer, position: number): string {
  if (octets.length % 2 !== 0) throw new DerError('a BMPString of odd length', position);
  const text = Buffer.from(octets).swap16().toString('utf16le');
  if (/[\ud800-\udfff]/.test(text)) throw new DerError('a BMPString with surrogates', position);
  return text;
}

function decodeUniversal(octets: Buffer, position: number): string {
  if (octets.length % 4 !== 0) throw new DerError('a UniversalString whose length is not a multiple of four', position);
  let text = '';
  for (let at = 0; at < octets.length; at += 4) {
    const point = octets.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw new DerError('a UniversalString with something that is no character', position);
    }
    text += String.fromCodePoint(point);
  }
  return text;
}
