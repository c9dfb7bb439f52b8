import { createHash } from 'node:crypto';
import { algorithmIdentifier } from '../algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import { headerLength, writeHeader } from '../der/writer.ts';
import { assembleSigned } from '../signed.ts';
import { timeLength, writeTime } from '../validity-time.ts';

/** What all leaves under one issuer have in common. */
export interface LeafIssuer {
  /** The issuer's subject, copied octet by octet (RFC 5280 §4.1.2.4). */
  readonly issuerName: Der;
  /** The issuer's subjectKeyIdentifier, copied, whatever method made it (RFC 5280 §4.2.1.1). */
  readonly authorityKeyId: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** False leaves subjectKeyIdentifier out of the leaves. */
  readonly subjectKeyId?: boolean;
}

type LeafKeyUsage = 'digitalSignature' | 'digitalSignature+keyEncipherment';

/** The holes of the template. */
export interface LeafTerms {
  /** Exactly 20 content octets of a positive INTEGER whose first octet is 01..7f. */
  readonly serial: Uint8Array;
  /** Whole seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Der;
  /** 20 octets; see `subjectKeyIdentifier`. Not read where the template leaves the extension out. */
  readonly subjectKeyId: Uint8Array;
  readonly keyUsage: LeafKeyUsage;
  /** The SPIFFE ID: 1..2048 octets of ASCII. */
  readonly uri: string;
}

export interface LeafTemplate {
  readonly issuer: LeafIssuer;
  /** SHA-256 (hex) of what it makes of fixed terms: another value is another profile, or another issuer. */
  readonly sha256: string;
  /** DER of the TBSCertificate. Throws RangeError when a term cannot be held. */
  tbs(terms: LeafTerms): Uint8Array;
  /** The certificate: `tbs`, the template's AlgorithmIdentifier, `signature` (ECDSA already as DER). */
  assemble(tbs: Uint8Array, signature: Uint8Array): Der;
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const version3AndSerialHeader = bytes('a003020102 0214');
const serialLength = 20;
const basicConstraints = '300c 0603551d13 0101ff 0402 3000';
const keyUsages: Record<LeafKeyUsage, string> = {
  digitalSignature: '300e 0603551d0f 0101ff 0404 03020780',
  'digitalSignature+keyEncipherment': '300e 0603551d0f 0101ff 0404 030205a0',
};
/** serverAuth and clientAuth, not critical. */
const extendedKeyUsage = '301d 0603551d25 0416 3014 06082b06010505070301 06082b06010505070302';
const subjectKeyIdHeader = bytes('301d 0603551d0e 0416 0414');
const keyIdLength = 20;
/** subjectAltName, critical: the subject is empty (RFC 5280 §4.2.1.6). */
const subjectAltNameStart = bytes('0603551d11 0101ff');

function authorityKeyIdentifier(keyId: Uint8Array): Uint8Array {
  if (keyId.length === 0 || keyId.length > 64) throw new RangeError(`a key identifier of ${keyId.length} octets`);
  const id = keyId.length;
  return Uint8Array.of(
    ...[0x30, id + 11, 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, id + 4, 0x30, id + 2, 0x80, id],
    ...keyId,
  );
}

function check(terms: LeafTerms, withSubjectKeyId: boolean): void {
  const { serial, subjectKeyId, uri } = terms;
  const first = serial[0] ?? 0;
  if (serial.length !== serialLength || first === 0 || first > 0x7f) {
    throw new RangeError('a serial is 20 octets of which the first is 01..7f');
  }
  if (withSubjectKeyId && subjectKeyId.length !== keyIdLength) throw new RangeError('subjectKeyId is 20 octets');
  if (uri.length === 0 || uri.length > 2048) throw new RangeError('a SPIFFE ID is 1 to 2048 octets');
  if (terms.notBefore >= terms.notAfter) throw new RangeError('notBefore must come before notAfter');
}

/** Writes `uri` as ASCII; returns the offset behind it. */
function writeAscii(out: Uint8Array, at: number, uri: string): number {
  for (let i = 0; i < uri.length; i++) {
    const code = uri.charCodeAt(i);
    if (code > 0x7e || code < 0x21) throw new RangeError('a SPIFFE ID is printable ASCII');
    out[at + i] = code;
  }
  return at + uri.length;
}

function put(out: Uint8Array, at: number, part: Uint8Array): number {
  out.set(part, at);
  return at + part.length;
}

/** Lengths of the nested subjectAltName elements, inside out. */
function subjectAltNameLengths(uriLength: number) {
  const names = headerLength(uriLength) + uriLength;
  const value = headerLength(names) + names;
  const extension = subjectAltNameStart.length + headerLength(value) + value;
  return { names, value, extension, whole: headerLength(extension) + extension };
}

/**
 * The X.509-SVID leaf (RFC 5280, X509-SVID §4) as a DER template with six holes: serial, validity, key, key usage,
 * key identifier, SPIFFE ID. Extensions in one fixed order: BC, KU, EKU, SKI, AKI, SAN.
 */
export function compileLeafTemplate(issuer: LeafIssuer): LeafTemplate {
  const { signatureAlgorithm, subjectKeyId: withSubjectKeyId = true } = issuer;
  const algorithmAndIssuer = Uint8Array.of(...algorithmIdentifier(signatureAlgorithm), ...issuer.issuerName);
  const usages: Record<LeafKeyUsage, Uint8Array> = {
    digitalSignature: bytes(basicConstraints + keyUsages.digitalSignature + extendedKeyUsage),
    'digitalSignature+keyEncipherment': bytes(
      basicConstraints + keyUsages['digitalSignature+keyEncipherment'] + extendedKeyUsage,
    ),
  };
  const authorityKeyId = authorityKeyIdentifier(issuer.authorityKeyId);
  const subjectKeyIdLength = withSubjectKeyId ? subjectKeyIdHeader.length + keyIdLength : 0;
  const fixedExtensions = usages.digitalSignature.length + subjectKeyIdLength + authorityKeyId.length;
  const fixed = version3AndSerialHeader.length + serialLength + algorithmAndIssuer.length + 2;

  function tbs(terms: LeafTerms): Uint8Array {
    check(terms, withSubjectKeyId);
    const { uri, spki, notBefore, notAfter } = terms;
    const san = subjectAltNameLengths(uri.length);
    const extensions = fixedExtensions + san.whole;
    const explicit = headerLength(extensions) + extensions;
    const validity = timeLength(notBefore) + timeLength(notAfter);
    const body = fixed + 2 + validity + spki.length + headerLength(explicit) + explicit;

    const out = new Uint8Array(headerLength(body) + body);
    let at = writeHeader(out, 0, 0x30, body);
    at = put(out, at, version3AndSerialHeader);
    at = put(out, at, terms.serial);
    at = put(out, at, algorithmAndIssuer);
    at = writeHeader(out, at, 0x30, validity);
    at = writeTime(out, at, notBefore);
    at = writeTime(out, at, notAfter);
    at = writeHeader(out, at, 0x30, 0); // an empty subject
    at = put(out, at, spki);
    at = writeHeader(out, at, 0xa3, explicit);
    at = writeHeader(out, at, 0x30, extensions);
    at = put(out, at, usages[terms.keyUsage]);
    if (withSubjectKeyId) at = put(out, put(out, at, subjectKeyIdHeader), terms.subjectKeyId);
    at = put(out, at, authorityKeyId);
    at = writeHeader(out, at, 0x30, san.extension);
    at = put(out, at, subjectAltNameStart);
    at = writeHeader(out, at, 0x04, san.value);
    at = writeHeader(out, at, 0x30, san.names);
    at = writeHeader(out, at, 0x86, uri.length);
    writeAscii(out, at, uri);
    return out;
  }

  return {
    issuer,
    sha256: sha256OfSpecimens(tbs),
    tbs,
    assemble: (toBeSigned, signature) => assembleSigned(toBeSigned, signatureAlgorithm, signature),
  };
}

function sha256OfSpecimens(tbs: LeafTemplate['tbs']): string {
  const specimen = {
    serial: new Uint8Array(serialLength).fill(1),
    notBefore: 0,
    notAfter: 1,
    spki: Uint8Array.of(0x30, 0x00) as Der,
    subjectKeyId: new Uint8Array(keyIdLength),
    uri: 'spiffe://specimen',
  };
  const made = createHash('sha256');
  for (const keyUsage of ['digitalSignature', 'digitalSignature+keyEncipherment'] as const) {
    made.update(tbs({ ...specimen, keyUsage }));
  }
  return made.digest('hex');
}
