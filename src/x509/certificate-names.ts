import { oidText } from './der/oid.ts';
import type { DerReader } from './der/reader.ts';
import { contextConstructed, contextPrimitive } from './der/tags.ts';
import { ipText } from './ip-address.ts';
import { nameText } from './name.ts';

type GeneralNameKind = 'other' | 'email' | 'dns' | 'x400' | 'directory' | 'ediParty' | 'uri' | 'ip' | 'registeredId';

/** A GeneralName (RFC 5280 §4.2.1.6). */
export interface GeneralName {
  readonly kind: GeneralNameKind;
  /** Content octets; of a directory name the whole Name. */
  readonly octets: Uint8Array;
  /** As people read it. Of `uri`, `dns` and `email` exactly the characters encoded; the others are for display only. */
  readonly text: string;
}

const kinds = new Map<number, GeneralNameKind>([
  [contextConstructed(0), 'other'],
  [contextPrimitive(1), 'email'],
  [contextPrimitive(2), 'dns'],
  [contextConstructed(3), 'x400'],
  [contextConstructed(4), 'directory'],
  [contextConstructed(5), 'ediParty'],
  [contextPrimitive(6), 'uri'],
  [contextPrimitive(7), 'ip'],
  [contextPrimitive(8), 'registeredId'],
]);

/** Reads one GeneralName; `ipLengths` are the octets an iPAddress may have (4 and 16, in a constraint 8 and 32). */
export function readGeneralName(reader: DerReader, ipLengths: readonly number[] = [4, 16]): GeneralName {
  const kind = kinds.get(reader.next);
  if (kind === undefined) reader.fail('not a GeneralName');
  const at = reader.position;
  const octets = reader.content(reader.next);
  if (kind === 'ip' && !ipLengths.includes(octets.length)) reader.fail('an iPAddress of a wrong length', at);
  return {
    kind,
    octets,
    text: textOf(kind, octets, () =>
      reader.fail('a name with a space, a control character or something beyond ASCII', at),
    ),
  };
}

function textOf(kind: GeneralNameKind, octets: Uint8Array, notPrintable: () => never): string {
  switch (kind) {
    case 'email':
    case 'dns':
    case 'uri':
      for (const octet of octets) if (octet < 0x21 || octet > 0x7e) notPrintable();
      return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
    case 'ip':
      return addressText(octets);
    case 'directory':
      return nameText(octets);
    case 'registeredId':
      return oidText(octets);
    default:
      return Buffer.from(octets).toString('hex');
  }
}

/** In a constraint the mask follows after a slash. */
function addressText(octets: Uint8Array): string {
  if (octets.length === 4 || octets.length === 16) return ipText(octets);
  const half = octets.length / 2;
  return `${ipText(octets.subarray(0, half))}/${ipText(octets.subarray(half))}`;
}
