import { signatureAlgorithmAt } from './algorithm-identifiers.ts';
import type { Der, SignatureAlgorithm } from './algorithms.ts';
import { CertificateError, inField } from './certificate-error.ts';
import {
  type AuthorityKeyId,
  type BasicConstraints,
  type NameConstraints,
  readAccessDescriptions,
  readAuthorityKeyId,
  readBasicConstraints,
  readCrlUris,
  readExtendedKeyUsage,
  readGeneralNames,
  readKeyUsage,
  readNameConstraints,
  readSubjectKeyId,
} from './certificate-extensions.ts';
import { type CertificateFields, type Extension, readCertificateFields } from './certificate-fields.ts';
import type { GeneralName } from './certificate-names.ts';
import { DerReader, sameBytes } from './der/reader.ts';
import { checkWellFormed } from './der/well-formed.ts';
import type { KeyUsageName } from './key-usage.ts';
import { nameText, readName } from './name.ts';

/** Octets; an ML-DSA-87 certificate has 8 KiB. */
const maxCertificateSize = 65536;

/** Names of the extensions that this reader understands, for messages. */
const understood = new Map([
  ['2.5.29.14', 'subjectKeyIdentifier'],
  ['2.5.29.15', 'keyUsage'],
  ['2.5.29.17', 'subjectAltName'],
  ['2.5.29.19', 'basicConstraints'],
  ['2.5.29.30', 'nameConstraints'],
  ['2.5.29.35', 'authorityKeyIdentifier'],
  ['2.5.29.37', 'extendedKeyUsage'],
]);
const cRLDistributionPoints = '2.5.29.31';
const authorityInfoAccess = '1.3.6.1.5.5.7.1.1';
const ocspAccess = '1.3.6.1.5.5.7.48.1';
const caIssuersAccess = '1.3.6.1.5.5.7.48.2';
/** Extensions that are read when somebody asks for them, and that say nothing of whether a chain is good. */
const consulted = new Map([
  [cRLDistributionPoints, 'cRLDistributionPoints'],
  [authorityInfoAccess, 'authorityInfoAccess'],
]);

/** A certificate as read: every field a view into `der`. Says nothing of trust; its signature is not checked. */
export class Certificate {
  readonly der: Der;
  readonly tbs: Der;
  /** Positive, content octets of the INTEGER. */
  readonly serial: Uint8Array;
  /** Undefined when it is none of ours; `signatureIdentifier` has it whole. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureIdentifier: Der;
  readonly signature: Uint8Array;
  readonly issuer: Der;
  readonly subject: Der;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo; `readSpki` makes a key of it. */
  readonly spki: Der;
  readonly extensions: readonly Extension[];
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: readonly KeyUsageName[] | undefined;
  /** Dotted object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: AuthorityKeyId | undefined;
  readonly names: readonly GeneralName[];
  readonly nameConstraints: NameConstraints | undefined;

  constructor(der: Der, tbs: Der, fields: CertificateFields, signature: Uint8Array) {
    this.der = der;
    this.tbs = tbs;
    this.serial = fields.serial;
    this.signatureIdentifier = fields.signature;
    this.signatureAlgorithm = signatureAlgorithmAt(fields.signature);
    this.signature = signature;
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.spki = fields.spki;
    this.extensions = fields.extensions;
    this.basicConstraints = this.#read('2.5.29.19', readBasicConstraints);
    this.keyUsage = this.#read('2.5.29.15', readKeyUsage);
    this.extendedKeyUsage = this.#read('2.5.29.37', readExtendedKeyUsage);
    this.subjectKeyId = this.#read('2.5.29.14', readSubjectKeyId);
    this.authorityKeyId = this.#read('2.5.29.35', readAuthorityKeyId);
    this.names = this.#read('2.5.29.17', readGeneralNames) ?? [];
    this.nameConstraints = this.#read('2.5.29.30', readNameConstraints);
  }

  #read<T>(id: string, read: (value: Uint8Array) => T): T | undefined {
    const found = this.extension(id);
    if (found === undefined) return undefined;
    try {
      return read(found.value);
    } catch (thrown) {
      throw inField(understood.get(id) ?? consulted.get(id) ?? id, thrown);
    }
  }

  extension(id: string): Extension | undefined {
    return this.extensions.find((extension) => extension.id === id);
  }

  isCritical(id: string): boolean {
    return this.extension(id)?.critical === true;
  }

  get isCa(): boolean {
    return this.basicConstraints?.ca === true;
  }

  get hasCrlDistributionPoints(): boolean {
    return this.extension(cRLDistributionPoints) !== undefined;
  }

  /**
   * Where the issuer publishes its own CRL for all reasons. This and the two below are read when they are asked for, and
   * throw CertificateError.
   */
  get crlUris(): readonly string[] {
    return this.#read(cRLDistributionPoints, readCrlUris) ?? [];
  }

  get ocspUris(): readonly string[] {
    return this.#accessUris(ocspAccess);
  }

  /** Where certificates of the issuer are. */
  get caIssuersUris(): readonly string[] {
    return this.#accessUris(caIssuersAccess);
  }

  #accessUris(wanted: string): readonly string[] {
    const descriptions = this.#read(authorityInfoAccess, readAccessDescriptions) ?? [];
    return descriptions.flatMap(({ method, location }) =>
      method === wanted && location.kind === 'uri' ? [location.text] : [],
    );
  }

  /** Identifiers of critical extensions that this reader does not understand (RFC 5280 §4.2: refuse). */
  get unknownCritical(): readonly string[] {
    return this.extensions.filter(({ id, critical }) => critical && !understood.has(id)).map(({ id }) => id);
  }

  /** URIs of the subjectAltName, exactly as encoded. */
  get uris(): readonly string[] {
    return this.names.filter(({ kind }) => kind === 'uri').map(({ text }) => text);
  }

  get hasEmptySubject(): boolean {
    return this.subject.length === 2;
  }

  /** Subject and issuer have the same octets, whoever signed. */
  get isSelfIssued(): boolean {
    return sameBytes(this.subject, this.issuer);
  }

  get serialText(): string {
    return Buffer.from(this.serial).toString('hex');
  }

  /** For people. */
  get subjectText(): string {
    return nameText(this.subject);
  }

  get issuerText(): string {
    return nameText(this.issuer);
  }
}

/**
 * Reads one certificate (RFC 5280 §4.1): strict DER to the leaves, version 3, the same AlgorithmIdentifier inside and out, every
 * extension that we understand well-formed, nothing after it. Throws CertificateError with the field.
 */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateSize) {
    throw new CertificateError('certificate', `it has ${der.length} octets; at most ${maxCertificateSize} are read`);
  }
  let field = 'certificate';
  try {
    const outer = DerReader.over(der);
    const signed = outer.sequence();
    outer.finish();
    const tbs = signed.element();
    const fields = readCertificateFields(DerReader.over(tbs));
    field = 'signatureAlgorithm';
    const identifier = signed.element();
    if (!sameBytes(identifier, fields.signature)) {
      throw new CertificateError(field, 'it differs from the one that is signed');
    }
    field = 'signatureValue';
    const signature = signed.bitOctets();
    signed.finish();
    field = 'issuer';
    readName(DerReader.over(fields.issuer));
    field = 'subject';
    readName(DerReader.over(fields.subject));
    field = 'certificate';
    checkWellFormed(DerReader.over(der));
    return new Certificate(der as Der, tbs, fields, signature);
  } catch (thrown) {
    throw inField(field, thrown);
  }
}
