import { X509Certificate } from 'node:crypto';
import { Constructed, fromBER, ObjectIdentifier } from 'asn1js';
import type { Attribute } from './wish.ts';

/** What a certificate or a request says, to the octet, as a reader sees it that is not ours. */
export interface Reading {
  /** DER of the Name. */
  readonly subject: Buffer;
  readonly relativeNames: readonly (readonly Attribute[])[];
  /** DER of the SubjectPublicKeyInfo. */
  readonly key: Buffer;
  readonly extensions: ReadonlyMap<string, ReadExtension>;
}

export interface ReadExtension {
  readonly critical: boolean;
  /** What the octet string holds. */
  readonly value: Buffer;
  /** DER of the Extension. */
  readonly raw: Buffer;
}

interface Element {
  readonly tagClass: number;
  readonly tag: number;
  readonly raw: Buffer;
  readonly content: Buffer;
  readonly parts: readonly Element[];
  /** Of an object identifier, dotted; empty otherwise. */
  readonly id: string;
}

type Block = ReturnType<typeof fromBER>['result'] | Constructed['valueBlock']['value'][number];

function elementOf(block: Block): Element {
  const raw = Buffer.from(block.valueBeforeDecodeView);
  return {
    tagClass: block.idBlock.tagClass,
    tag: block.idBlock.tagNumber,
    raw,
    content: raw.subarray(raw.length - block.valueBlock.blockLength),
    parts: block instanceof Constructed ? block.valueBlock.value.map(elementOf) : [],
    id: block instanceof ObjectIdentifier ? block.getValue() : '',
  };
}

function elements(der: Buffer): readonly Element[] {
  const { offset, result } = fromBER(der);
  if (offset !== der.length) throw new Error(offset < 0 ? result.error : 'more than one element');
  return elementOf(result).parts;
}

/** Such as [3]. */
const isContext = ({ tagClass, tag }: Element, wanted: number) => tagClass === 3 && tag === wanted;

/** `parts` of a Name: RFC 5280 §4.1.2.4. */
function relativeNames({ parts }: Element): Attribute[][] {
  return parts.map((set) =>
    set.parts.map(({ parts: [type, value] }) => ({ type: type?.id ?? '', value: value?.content.toString() ?? '' })),
  );
}

function reading(subject: Element | undefined, key: Element | undefined, list: readonly Element[]): Reading {
  if (subject === undefined || key === undefined) throw new Error('it ends too early');
  const extensions = list.map(({ parts, raw }) => {
    const [id, ...rest] = parts;
    return [id?.id ?? '', { critical: rest.length === 2, value: rest.at(-1)?.content ?? Buffer.of(), raw }] as const;
  });
  return {
    subject: subject.raw,
    relativeNames: relativeNames(subject),
    key: key.raw,
    extensions: new Map(extensions),
  };
}

/** A version 3 certificate. */
export function readCertificate({ raw }: X509Certificate): Reading {
  const [tbs] = elements(raw);
  const [, , , , , subject, key, ...more] = tbs?.parts ?? [];
  return reading(subject, key, more.find((each) => isContext(each, 3))?.parts[0]?.parts ?? []);
}

const extensionRequest = '1.2.840.113549.1.9.14';

/** `pem`: PKCS#10. */
export function readRequest(pem: string): Reading {
  const [info] = elements(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
  const [, subject, key, ...more] = info?.parts ?? [];
  const attributes = more.find((each) => isContext(each, 0))?.parts ?? [];
  const [, set] = attributes.find(({ parts: [type] }) => type?.id === extensionRequest)?.parts ?? [];
  return reading(subject, key, set?.parts[0]?.parts ?? []);
}

export const subjectAltName = '2.5.29.17';
export const keyUsage = '2.5.29.15';

/** GeneralNames of one kind, by its tag: 0 other, 1 email, 2 DNS, 6 URI, 7 IP (RFC 5280 §4.2.1.6). */
function generalNames({ extensions }: Reading, tag: number): readonly Element[] {
  const found = extensions.get(subjectAltName);
  return found === undefined ? [] : elements(found.value).filter((name) => isContext(name, tag));
}

const texts = (of: Reading, tag: number) => generalNames(of, tag).map(({ content }) => content.toString());
export const emailsOf = (of: Reading): string[] => texts(of, 1);
export const dnsNamesOf = (of: Reading): string[] => texts(of, 2);
export const urisOf = (of: Reading): string[] => texts(of, 6);
/** Octets in hexadecimal. */
export const addressesOf = (of: Reading): string[] => generalNames(of, 7).map(({ content }) => content.toString('hex'));
/** DER in hexadecimal. */
export const otherNamesOf = (of: Reading): string[] => generalNames(of, 0).map(({ raw }) => raw.toString('hex'));

/** The certificates in a text, in order. */
export function certificatesIn(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
