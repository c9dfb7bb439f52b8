import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { contextPrimitive, tag } from '#x509/der/tags.ts';
import {
  bitString,
  boolean,
  element,
  explicit,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  setOf,
  text,
} from '#x509/der/writer.ts';

/** Builds requests, right ones and every kind of wrong one: each part can be put in raw. */
export interface CsrParts {
  readonly key?: TestKey;
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** Extension elements for one extensionRequest; ignored when `attributes` is there. */
  readonly extensions?: readonly Uint8Array[];
  /** Attribute elements, or the whole `[0]` when `rawAttributes` is there. */
  readonly attributes?: readonly Uint8Array[];
  readonly rawAttributes?: Uint8Array;
  /** AlgorithmIdentifier to write; the signature is made with the key's own algorithm. */
  readonly algorithm?: Uint8Array;
  /** Octets of an RSA-PSS salt; as many as the hash has unless said otherwise. */
  readonly salt?: number;
  readonly digest?: 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
  /** The BIT STRING to write in place of the true one. */
  readonly signature?: (octets: Uint8Array) => Uint8Array;
  /** Elements after the signature, inside the outer SEQUENCE. */
  readonly more?: Uint8Array;
}

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

const digests: Readonly<Partial<Record<SignatureAlgorithm, string>>> = {
  'ecdsa-sha256': 'sha256',
  'ecdsa-sha384': 'sha384',
  'ecdsa-sha512': 'sha512',
  'rsa-sha256': 'sha256',
  'rsa-sha384': 'sha384',
  'rsa-sha512': 'sha512',
  'rsa-pss-sha256': 'sha256',
  'rsa-pss-sha384': 'sha384',
  'rsa-pss-sha512': 'sha512',
};

export const ecKey = (namedCurve: string, algorithm: SignatureAlgorithm = 'ecdsa-sha256'): TestKey => ({
  ...generateKeyPairSync('ec', { namedCurve }),
  algorithm,
});
export const rsaKey = (modulusLength: number, publicExponent = 65537): TestKey => ({
  ...generateKeyPairSync('rsa', { modulusLength, publicExponent }),
  algorithm: 'rsa-sha256',
});
export const ed25519Key = (): TestKey => ({ ...generateKeyPairSync('ed25519'), algorithm: 'ed25519' });
export function mlDsaKey(kind: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'): TestKey {
  if (kind === 'ml-dsa-44') return { ...generateKeyPairSync('ml-dsa-44'), algorithm: kind };
  return kind === 'ml-dsa-65'
    ? { ...generateKeyPairSync('ml-dsa-65'), algorithm: kind }
    : { ...generateKeyPairSync('ml-dsa-87'), algorithm: kind };
}

let standard: TestKey | undefined;
/** One P-256 key for all requests of a run that need no other. */
export const standardKey = (): TestKey => {
  standard ??= ecKey('P-256');
  return standard;
};

export const spkiOf = (key: TestKey): Uint8Array => key.publicKey.export({ format: 'der', type: 'spki' });

export function buildCsr(parts: CsrParts = {}): Uint8Array {
  const key = parts.key ?? standardKey();
  const info = sequence(
    parts.version ?? integer(0),
    parts.subject ?? sequence(),
    parts.spki ?? spkiOf(key),
    parts.rawAttributes ?? sortedAttributes(parts.attributes ?? [extensionRequest(parts.extensions ?? [san(uri(id))])]),
  );
  const padding = key.algorithm.startsWith('rsa-pss-')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: parts.salt ?? constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const digest = parts.digest ?? digests[key.algorithm] ?? null;
  const octets = sign(digest, info, { key: key.privateKey, ...padding });
  return sequence(
    info,
    parts.algorithm ?? algorithmIdentifier(key.algorithm),
    (parts.signature ?? bitString)(octets),
    parts.more ?? new Uint8Array(0),
  );
}

const sortedAttributes = (attributes: readonly Uint8Array[]) => explicit(0, ...attributes.toSorted(Buffer.compare));

export const id = 'spiffe://cluster.local/ns/demo/sa/web';

export const attribute = (type: string, ...values: readonly Uint8Array[]) => sequence(oid(type), setOf(...values));
export const extensionRequest = (extensions: readonly Uint8Array[]) =>
  attribute('1.2.840.113549.1.9.14', sequence(...extensions));
export const challengePassword = (value: Uint8Array = text(tag.utf8String, 'hunter2')) =>
  attribute('1.2.840.113549.1.9.7', value);

export const extension = (type: string, value: Uint8Array, critical = false) =>
  sequence(oid(type), critical ? boolean(true) : new Uint8Array(0), octetString(value));
export const san = (...names: readonly Uint8Array[]) => extension('2.5.29.17', sequence(...names), true);
export const keyUsage = (bits: number) => extension('2.5.29.15', namedBits(bits), true);
export const extendedKeyUsage = (...oids: readonly string[]) =>
  extension('2.5.29.37', sequence(...oids.map((each) => oid(each))));
export const basicConstraints = (...fields: readonly Uint8Array[]) => extension('2.5.29.19', sequence(...fields), true);

const octets = (value: string | Uint8Array) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
export const uri = (value: string | Uint8Array) => element(contextPrimitive(6), octets(value));
export const dns = (value: string | Uint8Array) => element(contextPrimitive(2), octets(value));
export const email = (value: string | Uint8Array) => element(contextPrimitive(1), octets(value));
export const ip = (...value: readonly number[]) => element(contextPrimitive(7), Uint8Array.from(value));

export const name = (type: string, value: Uint8Array) => sequence(oid(type), value);
export const rdn = (...attributes: readonly Uint8Array[]) => setOf(...attributes);
export const commonName = (value: string) => sequence(rdn(name('2.5.4.3', text(tag.utf8String, value))));
/** What Istio's agents send: one organizationName, a PrintableString of zero length. */
export const istioSubject = () => sequence(rdn(name('2.5.4.10', text(tag.printableString, ''))));

/** A TLV whose length is written in as many octets as asked for, minimal or not. */
export function longForm(identifier: number, content: Uint8Array, lengthOctets: number): Uint8Array {
  const length = Array.from(
    { length: lengthOctets },
    (_, i) => (content.length >>> (8 * (lengthOctets - 1 - i))) & 0xff,
  );
  return Uint8Array.from([identifier, 0x80 | lengthOctets, ...length, ...content]);
}

export const raw = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
