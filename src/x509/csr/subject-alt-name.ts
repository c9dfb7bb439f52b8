import { Refusal } from '#refusal/refusal.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import { oidText } from '../der/oid.ts';
import type { DerReader } from '../der/reader.ts';
import { contextConstructed, contextPrimitive } from '../der/tags.ts';
import { ipText } from '../ip-address.ts';
import { checkDnsName, checkEmail, checkUri } from './name-forms.ts';

/**
 * A name as the request has it. `value`: URI, DNS name and mailbox as written, IP address as text (RFC 5952); of an
 * otherName its type, dotted.
 */
export interface SubjectAltName {
  readonly kind: 'uri' | 'dns' | 'ip' | 'email' | 'other';
  readonly value: string;
}

const rfc822Name = contextPrimitive(1);
const dNSName = contextPrimitive(2);
const uniformResourceIdentifier = contextPrimitive(6);
const iPAddress = contextPrimitive(7);

const otherName = contextConstructed(0);

/** Of these no kind of certificate is issued here. */
const refusedKinds = new Map<number, string>([
  [otherName, 'otherName'],
  [contextConstructed(3), 'x400Address'],
  [contextConstructed(4), 'directoryName'],
  [contextConstructed(5), 'ediPartyName'],
  [contextPrimitive(8), 'registeredID'],
]);

/** The value of a subjectAltName extension (RFC 5280 §4.2.1.6). Throws Refusal `csr.san`. */
export function readSubjectAltName(value: DerReader, kind: CertificateKind): readonly SubjectAltName[] {
  const names = value.sequence();
  value.finish();
  if (!names.more) throw new Refusal('csr.san', 'the subjectAltName is empty');
  const sans: SubjectAltName[] = [];
  while (names.more) {
    sans.push(kind === 'end-entity' && names.next === otherName ? readOtherName(names) : readGeneralName(names));
  }
  return sans;
}

function readGeneralName(names: DerReader): SubjectAltName {
  const identifier = names.next;
  switch (identifier) {
    case uniformResourceIdentifier:
      return { kind: 'uri', value: checkUri(ascii(names.content(identifier))) };
    case dNSName:
      return { kind: 'dns', value: checkDnsName(ascii(names.content(identifier))) };
    case iPAddress:
      return { kind: 'ip', value: address(names.content(identifier)) };
    case rfc822Name:
      return { kind: 'email', value: checkEmail(ascii(names.content(identifier))) };
    default: {
      const kind = refusedKinds.get(identifier);
      if (kind === undefined) return names.fail('a subjectAltName of no kind that exists');
      throw new Refusal('csr.san', `a subjectAltName of kind ${kind} is never issued`);
    }
  }
}

/** `[0] { type-id, [0] EXPLICIT value }`: the value is whatever its type says, and is copied. */
function readOtherName(names: DerReader): SubjectAltName {
  const fields = names.enter(otherName);
  const value = oidText(fields.oid());
  const inner = fields.enter(contextConstructed(0));
  inner.element();
  inner.finish();
  fields.finish();
  return { kind: 'other', value };
}

function address(content: Uint8Array): string {
  if (content.length === 4 || content.length === 16) return ipText(content);
  throw new Refusal('csr.san', 'an IP address is neither 4 nor 16 octets');
}

/** IA5String without space and control characters. */
function ascii(content: Uint8Array): string {
  for (const octet of content) {
    if (octet <= 0x20 || octet > 0x7e) {
      throw new Refusal('csr.san', 'a subjectAltName holds a space, a control character or a non-ASCII octet');
    }
  }
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
}
